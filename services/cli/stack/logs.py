"""Logs that do not fill the disk."""

import contextlib
import os
import shutil
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 32 * 1024 * 1024


def trim(folder: Path, most_bytes: int = MOST_BYTES) -> None:
    """Move what a log holds to NAME.log.1 (one generation) once it is larger; its writer goes on in the same file.

    The writers append, so they go on at the new end; a line written in between can be lost.
    """
    for log in folder.glob("*.log"):
        with contextlib.suppress(OSError):
            if log.stat().st_size > most_bytes:
                shutil.copyfile(log, log.with_name(f"{log.name}.1"))
                os.truncate(log, 0)


def last_lines(log: Path, count: int = 8) -> str:
    """Return the end of a log, for the report of a failure."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except OSError:
        return ""
