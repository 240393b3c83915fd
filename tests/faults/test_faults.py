"""A short selection of the scenarios; all of them, more often and in pairs: `make faults`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.cli.stack.errors import StackError
from tests.faults.guards import GUARDS, Guard, broken_copy
from tests.faults.scenarios import SCENARIOS
from tests.faults.stack import Stack, running_stack
from tests.faults.trial import Scenario, play

QUICK = [scenario for scenario in SCENARIOS.values() if scenario.quick]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    try:
        async with running_stack(tmp_path_factory.mktemp("faults") / "local") as running:
            yield running
    except StackError as error:
        pytest.skip(f"needs servers of its own, which it kills: {error}")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("scenario", QUICK, ids=lambda scenario: scenario.name)
async def test_nothing_is_lost_wrong_or_doubled(scenario: Scenario, stack: Stack, tmp_path: Path) -> None:
    outcome = await play(stack, [scenario], "steady", tmp_path)
    assert not outcome.findings, str(outcome.findings)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_every_guard_is_where_it_can_be_broken(guard: Guard, tmp_path: Path) -> None:
    broken_copy(guard, tmp_path / "tree")
