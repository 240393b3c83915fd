"""Prometheus itself takes our configuration, and each alert fires when it should and at no other time."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from services.cli.stack.binaries import find_promtool

MONITORING: Final = Path(__file__).parents[2] / "deploy" / "monitoring"
PROMTOOL: Final = find_promtool()


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here (`make test` fetches it): the alerts are NOT tested")
@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "alerts.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("test", "rules", "alerts.test.yml"),
    ],
    ids=" ".join,
)
async def test_promtool_accepts_the_rules_and_their_tests_pass(words: tuple[str, ...]) -> None:
    assert PROMTOOL
    process = await asyncio.create_subprocess_exec(
        PROMTOOL, *words, cwd=MONITORING, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()
