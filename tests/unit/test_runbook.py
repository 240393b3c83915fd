"""What the runbook and the README tell an operator to look for is there: commands, log events, panels, codes."""

import json
import re
import shlex
from pathlib import Path
from typing import Final

import pytest
from cyclopts import MissingArgumentError

from services.cli import app

ROOT: Final = Path(__file__).parents[2]
RUNBOOK: Final = (ROOT / "deploy/runbook.md").read_text()
README: Final = (ROOT / "README.md").read_text()
SOURCE: Final = "\n".join(
    path.read_text() for folder in ("services", "shared") for path in (ROOT / folder).rglob("*.py")
)
ANY_ID: Final = "01a21a25-bb01-753f-8a5c-845d227da9e1"


def titles() -> list[str]:
    """Return what stands on the dashboards: titles of panels, names of series."""
    panels = [
        panel
        for path in (ROOT / "deploy/monitoring/grafana/dashboards").glob("*.json")
        for panel in json.loads(path.read_text())["panels"]
    ]
    return [
        text
        for panel in panels
        for text in (panel["title"], *(one["legendFormat"] for one in panel.get("targets", ())))
    ]


def commands() -> list[str]:
    """Return every command of ours that either page shows, with something in the places of IDs."""
    shown = re.findall(r"^bugalou (.+?)(?: +#.*)?$", README, re.MULTILINE)
    shown += [found for page in (README, RUNBOOK) for found in re.findall(r"`bugalou ([a-z][^`]*)`", page)]
    return sorted({re.sub(r"\bID\b", ANY_ID, one).replace("CAUSE", "22P02") for one in shown})


@pytest.mark.parametrize("line", commands())
def test_command_that_an_operator_is_told_exists_with_its_options(line: str) -> None:
    words = [word for word in shlex.split(line) if word != "..."]
    try:
        app.parse_args(words, print_error=False, exit_on_error=False)
    except MissingArgumentError:
        # The pages name a command also by its name alone; one that does not exist is another error.
        assert len(words) <= 2, line


@pytest.mark.parametrize("event", sorted(set(re.findall(r"`((?!bugalou)[a-z]+\.[a-z_]+)`", RUNBOOK))))
def test_log_event_that_the_runbook_names_is_written(event: str) -> None:
    assert f'"{event}"' in SOURCE


@pytest.mark.parametrize("name", sorted(set(re.findall(r'"([^"]+)"\s+on the\s+dashboard', RUNBOOK))))
def test_panel_that_the_runbook_names_is_on_a_dashboard(name: str) -> None:
    assert any(title.startswith(" ".join(name.split())) for title in titles())


def test_codes_of_refused_keys_are_those_that_are_answered() -> None:
    table = RUNBOOK.partition("## A key is refused")[2].partition("\n## ")[0]
    codes = re.findall(r"`([a-z]+_[a-z_]+)`", table)
    assert len(codes) >= 5
    assert [code for code in codes if f'"{code}"' not in SOURCE] == []
