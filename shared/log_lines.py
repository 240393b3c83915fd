"""Where log lines go: standard error, written at once, and never the end of what they tell of.

Python's own `sys.stderr` raises where nothing can be written (a full disk, a reader that is gone), and keeps what it
could not write to raise again. A service must outlive that, so such a line is lost, and counted.
"""

import os
from typing import TextIO, cast

from shared.metrics import LOST_LOG_LINES


class LogLines:
    """The part of a text file that loggers use, on a file descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        """Write it, or count that it is lost."""
        try:
            os.write(self._descriptor, text.encode(errors="backslashreplace"))
        except OSError:
            LOST_LOG_LINES.inc()
        return len(text)

    def flush(self) -> None:
        """Do nothing: nothing is kept back."""


def standard_error() -> TextIO:
    """Return standard error as loggers write to it."""
    return cast("TextIO", LogLines(2))
