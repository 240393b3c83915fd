"""Postgres killed, stopped, suspended; its backends ended in mid-transaction; a row that somebody holds locked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from tests.faults.trial import Scenario, Trial


@asynccontextmanager
async def _asking(trial: Trial) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Give a connection of our own, as soon as there can be one."""
    async with asyncio.timeout(60):
        while True:
            try:
                connection = await asyncpg.connect(trial.stack.postgres.url, timeout=10)
                break
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.2)
    try:
        yield connection
    finally:
        connection.terminate()


async def _killed(trial: Trial) -> None:
    before = trial.stack.pid("postgres")
    trial.stack.kill("postgres")
    await trial.stack.started_again("postgres", before)


async def _stopped(trial: Trial) -> None:
    """SIGTERM is Postgres's "smart" shutdown, which waits for sessions: what an init system sends."""
    run = trial.stack.run("postgres")
    before = trial.stack.pid("postgres")
    run.ask_to_stop()
    await trial.stack.started_again("postgres", before)


async def _suspended(trial: Trial) -> None:
    async with trial.stack.suspended("postgres"):
        await trial.pass_(3, 8)


async def _backends_ended(trial: Trial) -> None:
    """Again and again, so that transactions are hit in every phase."""
    for _ in range(25):
        async with _asking(trial) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'bugalou %' AND application_name <> 'bugalou oracle' AND state <> 'idle'"
            )
        await trial.pass_(0.02, 0.2)


async def _backend_crashes(trial: Trial) -> None:
    """A backend that is killed takes all sessions with it, and Postgres recovers from its log."""
    for _ in range(2):
        async with _asking(trial) as connection:
            pid = await connection.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'bugalou worker' LIMIT 1"
            )
        if pid is not None:
            trial.stack.kill_backend(pid)
        await trial.progress(20)


async def _hot_row_locked(trial: Trial) -> None:
    await trial.stored(20)
    async with _asking(trial) as connection, connection.transaction():
        # In the order in which the workers lock them.
        await connection.execute("SELECT FROM orders WHERE account_id = $1 ORDER BY id FOR UPDATE", trial.account)
        await trial.pass_(4, 8)


SCENARIOS: Final = (
    Scenario("Postgres killed", _killed, quick=True),
    Scenario("Postgres stopped", _stopped),
    Scenario("Postgres suspended", _suspended),
    Scenario("Postgres ends backends", _backends_ended),
    Scenario("Postgres backend crashes", _backend_crashes),
    Scenario("orders locked", _hot_row_locked),
)
