"""How a process lets others on its machine go first."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

AUTOGROUP: Final = Path("/proc/self/autogroup")


def step_back(niceness: int) -> None:
    """Let others go first: 0 (not) to 19.

    Linux shares the cores among sessions before it looks at the niceness of their processes (sched(7), autogroup), so
    a process with a session of its own, as all of `bugalou up` are, has to say it for its session as well.
    """
    os.nice(niceness)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # a kernel without it
            AUTOGROUP.write_text(str(niceness))
