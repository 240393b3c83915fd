#!/bin/sh
# Makes .local/bench-venv from tests/bench/requirements.txt: the system's own libraries in the same versions, and the
# peers'. Made anew where the lock or Python changed.
set -eu
cd "$(dirname "$0")/../.."
lock=tests/bench/requirements.txt
venv=.local/bench-venv

wanted=$({ cat "$lock" && .venv/bin/python -VV; } | sha256sum)
if [ "$(cat "$venv/.stamp" 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi
echo "Installing what $lock names into $venv" >&2
rm -rf "$venv"
.venv/bin/python -m venv "$venv"
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --root-user-action=ignore "$@"; }
pip --require-hashes --no-deps -r "$lock"
pip --no-deps -e .
printf '%s\n' "$wanted" >"$venv/.stamp"
