"""The systemd units run what there is, on ports of their own, and let go of what the services do not need."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.unit.test_compose import EXAMPLE, OURS, SETTINGS

UNITS: Final = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES: Final = sorted(path.name for path in UNITS.glob("*.service"))
TEMPLATES: Final = [name for name in SERVICES if "@" in name]
ANALYZE: Final = shutil.which("systemd-analyze")
MOST_EXPOSED: Final = 20
"""Of 100, as `systemd-analyze security` counts; a unit that asks for nothing has 96."""


def options(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for option, value in re.findall(r"^(\w+)=(.*)$", (UNITS / name).read_text(), re.MULTILINE):
        found.setdefault(option, []).append(value)
    return found


def test_every_service_has_a_unit() -> None:
    run = {word for name in TEMPLATES for word in options(name)["ExecStart"][0].replace(".", " ").split()}
    assert run >= OURS
    assert options("bugalou-migrate.service")["ExecStart"] == ["/opt/bugalou/bin/bugalou migrate"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_unit_gives_its_process_what_the_code_reads(name: str) -> None:
    given = options(name)
    assert {line.partition("=")[0] for line in given["Environment"]} <= SETTINGS
    assert given["EnvironmentFile"] == ["/etc/bugalou/env"]
    drain = re.search(r"^BUGALOU_DRAIN_SECONDS=(\d+)$", EXAMPLE, re.MULTILINE)
    assert drain
    assert int(given["TimeoutStopSec"][0]) > int(drain[1]) + 2
    assert given["RestartPreventExitStatus"] == ["78"]


def test_no_two_processes_have_the_same_port_for_their_metrics() -> None:
    ports = [line for name in TEMPLATES for line in options(name)["Environment"] if "METRICS_PORT" in line]
    assert len(ports) == len(set(ports)) == len(TEMPLATES)
    assert all(re.fullmatch(r"BUGALOU_METRICS_PORT=\d{3}%i", line) for line in ports)


@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here: the units are NOT verified by systemd")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    assert ANALYZE
    names = []
    for path in UNITS.glob("bugalou*"):
        # What is not installed here stands in: systemd looks whether programs are there.
        text = (
            path.read_text()
            .replace("/opt/bugalou/bin/bugalou", "/bin/true")
            .replace("/opt/bugalou/bin/python", sys.executable)
        )
        (tmp_path / path.name).write_text(text)
        names.append(path.name.replace("@.", "@1."))
    result = subprocess.run(
        [ANALYZE, "verify", "--man=no", *sorted(names)],
        cwd=tmp_path,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = [line for line in result.stderr.splitlines() if "bugalou" in line]
    assert (result.returncode, told) == (0, []), result.stderr


@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here: the units are NOT judged by systemd")
@pytest.mark.parametrize("name", SERVICES)
def test_units_let_go_of_what_they_do_not_need(name: str) -> None:
    assert ANALYZE
    result = subprocess.run(
        [ANALYZE, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(UNITS / name)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
