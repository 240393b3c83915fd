"""Postgres's disk is full, for a while."""

import asyncio
import os
from pathlib import Path
from typing import Final

from tests.faults.trial import Scenario, Trial

_CHUNK: Final = b"\0" * 1024 * 1024


async def _full(trial: Trial) -> None:
    """Nothing can be written, its log included: Postgres stops, and cannot start again until there is room."""
    ballast = trial.stack.postgres.directory / "ballast"
    before = trial.stack.pid("postgres")
    try:
        for _ in range(20):
            await asyncio.to_thread(_fill, ballast)
            await trial.pass_(0.3, 0.7)
    finally:
        ballast.unlink(missing_ok=True)
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


SCENARIOS: Final = (Scenario("Postgres's disk full", _full, pairs=False, ground="small disk"),)
