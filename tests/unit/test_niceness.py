"""A process that steps back does so where the kernel looks."""

import subprocess
import sys

from shared.niceness import AUTOGROUP

_STEP_BACK = """
import os, sys
from shared.niceness import AUTOGROUP, step_back
before = os.nice(0)
step_back(7)
print(os.nice(0) - before, AUTOGROUP.read_text().split()[-1] if AUTOGROUP.exists() else "none")
"""


def test_steps_back_as_a_process_and_as_a_session() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _STEP_BACK], capture_output=True, text=True, check=True, start_new_session=True
    ).stdout.split()
    assert told == ["7", "7" if AUTOGROUP.exists() else "none"]
