#!/bin/sh
# Installs packages with apt, as root, and leaves no server of theirs running: install.sh PACKAGE...
# What was installed before, and what runs already, stays as it is.
set -eu
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d
no_cluster=$clusters/zz-bugalou.conf

had_rabbitmq=$(command -v rabbitmqctl || true)
[ -d "$clusters" ] && had_clusters=1 || had_clusters=

undo() {
    # Only our own: a container's image may have a policy of its own.
    if grep -qs 'bugalou: while installing' "$policy"; then rm -f "$policy"; fi
    rm -f "$no_cluster"
    [ -n "$had_clusters" ] || rmdir "$clusters" "$(dirname "$clusters")" 2>/dev/null || true
}
trap undo EXIT
trap 'exit 130' INT TERM

undo
# Debian starts what it installs, unless this says no.
if ! [ -e "$policy" ]; then
    mkdir -p "$(dirname "$policy")"
    printf '#!/bin/sh\n# bugalou: while installing, nothing is started.\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
# ... and makes a database cluster that would be started with the machine.
mkdir -p "$clusters"
printf 'create_main_cluster = false\n' >"$no_cluster"

export DEBIAN_FRONTEND=noninteractive
# Where an earlier installation was cut off, apt refuses everything until this is done.
dpkg --configure -a >/dev/null 2>&1 || true
apt() { apt-get -qq -y -o DPkg::Lock::Timeout=120 "$@" 2>&1; }

apt update >/dev/null || echo "apt-get update failed; trying with the lists that are there." >&2
# What it prints is of use only when it fails.
if ! output=$(apt --no-install-recommends install "$@"); then
    printf '%s\n' "$output" >&2
    exit 1
fi

if [ -z "$had_rabbitmq" ] && command -v rabbitmqctl >/dev/null 2>&1 && command -v systemctl >/dev/null 2>&1; then
    # Else it would be started with the machine, on the standard ports.
    for unit in rabbitmq-server.service epmd.service epmd.socket; do
        systemctl --quiet disable "$unit" >/dev/null 2>&1 || true
    done
fi
