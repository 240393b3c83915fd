"""`.local/env`: the stack's addresses and keys in shell syntax."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from services.cli.stack.files import write_whole

_HEAD = "# Written by `bugalou up`. To have these in a shell:  set -a; . .local/env; set +a\n"


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write the variables, readable by their owner alone."""
    write_whole(path, _HEAD + "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))


def read_env(path: Path) -> dict[str, str]:
    """Return the variables of the last run, none where there was no run."""
    try:
        words = shlex.split(path.read_text(), comments=True)
    except OSError:
        return {}
    return dict(word.split("=", 1) for word in words if "=" in word)
