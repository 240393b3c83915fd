#!/bin/sh
# Makes .venv from a hashed lock file: venv.sh requirements.txt | requirements-dev.txt
# Done again only when the lock, the project's commands or Python changed. An interrupted attempt leaves
# .venv/.unfinished behind, and the next one starts from nothing.
set -eu
cd "$(dirname "$0")/../../.."
lock=$1

say() { printf '%s\n' "$*" >&2; }

# Two at once (make test beside make check) take turns.
if [ -z "${BUGALOU_SETUP_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    mkdir -p .local
    BUGALOU_SETUP_LOCKED=1 exec flock .local/setup.lock sh "services/cli/stack/venv.sh" "$lock"
fi

fresh_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$python" >/dev/null 2>&1 && fresh_enough "$python"; then
            command -v "$python"
            return
        fi
    done
    say "Python 3.11 or later is missing: install it (on Debian 12 or later: apt install python3)."
    exit 1
}

make_venv() {
    rm -rf .venv
    if ! "$1" -c 'import ensurepip, venv' 2>/dev/null; then
        package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if ! command -v apt-get >/dev/null 2>&1; then
            say "Python's venv module is missing: install your system's package of it (Debian: $package)."
            exit 1
        fi
        # Without a terminal nobody can type a password.
        if [ "$(id -u)" = 0 ]; then root=
        elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then root=sudo
        else
            say "Python's venv module is missing, and installing needs root: as root, run \`apt-get install -y $package\`."
            exit 1
        fi
        say "Installing $package with apt (Python's venv module is missing)."
        $root sh services/cli/stack/install.sh "$package"
    fi
    "$1" -m venv .venv
}

scripts() { sed -n '/^\[project.scripts\]/,/^$/p' pyproject.toml; }

stamp_of() { { cat "$1" services/cli/stack/venv.sh && scripts; } | .venv/bin/python -c '
import hashlib, sys
print(hashlib.sha256(sys.stdin.buffer.read() + sys.version.encode() + sys.prefix.encode()).hexdigest())'; }

if [ -e .venv/.unfinished ] || ! [ -x .venv/bin/python ] || ! fresh_enough .venv/bin/python; then
    say "Making .venv"
    make_venv "$(find_python)"
fi
stamp=.venv/.stamp-$lock
wanted=$(stamp_of "$lock")
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi
started=$(date +%s)
say "Installing what $lock names into .venv"
: >.venv/.unfinished
rm -f .venv/.stamp-*
.venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet --root-user-action=ignore "$@"; }
# The lock names every package: nothing is left to resolve.
pip --require-hashes --no-deps -r "$lock"
pip --no-deps -e .
# The development lock holds all of the other one.
[ "$lock" = requirements.txt ] || stamp_of requirements.txt >.venv/.stamp-requirements.txt
printf '%s\n' "$wanted" >"$stamp"
rm -f .venv/.unfinished
say "Done in $(($(date +%s) - started)) s"
