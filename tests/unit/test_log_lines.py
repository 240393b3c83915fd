"""Logging on a disk that is full, and to a reader that is gone: the process that logs goes on."""

import subprocess
import sys

_SERVICE = """
import logging, sys
from shared.telemetry import log, start_logging
from shared.metrics import REGISTRY
start_logging("service", "info")
log.info("one.event", name="caf\\u00e9")
logging.getLogger("a.library").warning("a warning")
lost = REGISTRY.get_sample_value("bugalou_log_lines_lost_total")
print(lost, flush=True)
"""


def test_a_full_disk_under_the_log_costs_the_lines_and_not_the_service() -> None:
    with open("/dev/full", "wb") as full:
        run = subprocess.run([sys.executable, "-c", _SERVICE], stdout=subprocess.PIPE, stderr=full, check=False)
    assert (run.returncode, float(run.stdout)) == (0, 2.0)


def test_each_event_is_one_line_on_standard_error() -> None:
    run = subprocess.run([sys.executable, "-c", _SERVICE], capture_output=True, check=False)
    lines = run.stderr.decode().splitlines()
    assert (run.returncode, float(run.stdout), len(lines)) == (0, 0.0, 2)
    assert '"event": "one.event"' in lines[0]
    assert "a warning" in lines[1]
