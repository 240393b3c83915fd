"""Postgres's disk is full, or that of the whole machine, for a while."""

import asyncio
import os
from pathlib import Path
from typing import Final

from tests.faults.trial import Scenario, Trial

_CHUNK: Final = b"\0" * 1024 * 1024


async def _all_full(trial: Trial) -> None:
    """Nobody can write anything: neither queues nor tables, neither logs nor the supervisor's notes."""
    await _fill_for_a_while(trial, trial.stack.layout.root / "ballast")


async def _full(trial: Trial) -> None:
    """Nothing can be written, its log included: Postgres stops, and cannot start again until there is room."""
    await _fill_for_a_while(trial, trial.stack.postgres.directory / "ballast")


async def _fill_for_a_while(trial: Trial, ballast: Path) -> None:
    before = trial.stack.pid("postgres")
    try:
        for _ in range(20):
            await asyncio.to_thread(_fill, ballast)
            await trial.pass_(0.3, 0.7)
    finally:
        await asyncio.to_thread(ballast.unlink, missing_ok=True)
    if trial.stack.pid("postgres") != before:
        await trial.stack.works("postgres")


def _fill(path: Path) -> None:
    """Take whatever room there is: what Postgres had freed or made meanwhile, too."""
    try:
        with path.open("ab", buffering=0) as file:
            while True:
                os.write(file.fileno(), _CHUNK)
    except OSError:
        return


SCENARIOS: Final = (
    Scenario("Postgres's disk full", _full, pairs=False, ground="small disk"),
    Scenario("every disk full", _all_full, pairs=False, ground="one small disk"),
)
