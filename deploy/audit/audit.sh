#!/bin/sh
# The libraries that this installs, held against the Python Packaging Advisory Database (make audit), and listed as a
# CycloneDX bill of materials (make sbom FILE=...). In a virtual environment of its own, from a lock of its own.
set -eu
cd "$(dirname "$0")/../.."
venv=.local/audit-venv
lock=deploy/audit/requirements.txt

say() { printf '%s\n' "$*" >&2; }

if [ "$(cat "$venv/.lock" 2>/dev/null || true)" != "$(cksum <"$lock")" ]; then
    say "Installing what $lock names into $venv"
    rm -rf "$venv"
    "${PYTHON:-.venv/bin/python}" -m venv "$venv"
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps -r "$lock"
    cksum <"$lock" >"$venv/.lock"
fi

# The development lock holds all of the other one. Its versions are pinned and hashed: nothing is installed to judge them.
# Strict, since a mirror without the service says of each that it does not know it, which is no clean bill of health.
audit() {
    if "$venv/bin/pip-audit" --strict --disable-pip --require-hashes --progress-spinner off -r requirements-dev.txt \
        2>"$venv/errors"; then
        cat "$venv/errors" >&2
        return
    fi
    if grep -Eq 'could not be audited|Connection|Timeout|MaxRetry|HTTPError|ServiceError' "$venv/errors"; then
        say "NOTHING WAS JUDGED: the vulnerability service (PyPI's JSON API) cannot be reached from here."
        tail -n 1 "$venv/errors" >&2
        exit 2
    fi
    cat "$venv/errors" >&2
    exit 1
}

sbom() {
    "$venv/bin/cyclonedx-py" requirements requirements.txt --pyproject pyproject.toml --output-format JSON --spec-version 1.6 \
        --output-reproducible --output-file "${1:-.local/sbom.json}"
    say "${1:-.local/sbom.json} names every library that a container installs, with its version and hashes"
}

"$@"
