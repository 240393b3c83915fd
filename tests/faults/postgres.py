"""Postgres killed, stopped, suspended; its backends ended in mid-transaction; a row that somebody holds locked."""

from typing import Final

import asyncpg

from tests.faults.trial import Scenario, Trial


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
        connection = await asyncpg.connect(trial.stack.postgres.url, timeout=10)
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'bugalou %' AND application_name <> 'bugalou oracle' AND state <> 'idle'"
            )
        finally:
            await connection.close()
        await trial.pass_(0.02, 0.2)


async def _backend_crashes(trial: Trial) -> None:
    """A backend that is killed takes all sessions with it, and Postgres recovers from its log."""
    for _ in range(2):
        connection = await asyncpg.connect(trial.stack.postgres.url, timeout=10)
        pid = await connection.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'bugalou worker' LIMIT 1"
        )
        connection.terminate()
        if pid is not None:
            trial.stack.kill_backend(pid)
        await trial.progress(20)


async def _hot_row_locked(trial: Trial) -> None:
    await trial.stored(20)
    connection = await asyncpg.connect(trial.stack.postgres.url, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM orders WHERE account_id = $1 FOR UPDATE", trial.account)
            await trial.pass_(4, 8)
    finally:
        await connection.close()


SCENARIOS: Final = (
    Scenario("Postgres killed", _killed, quick=True),
    Scenario("Postgres stopped", _stopped),
    Scenario("Postgres suspended", _suspended),
    Scenario("Postgres ends backends", _backends_ended, quick=True),
    Scenario("Postgres backend crashes", _backend_crashes),
    Scenario("orders locked", _hot_row_locked),
)
