"""A notifier that is killed between two steps of a delivery: another one finishes what it began."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from shared.database import Database
from shared.settings import PREFIX
from tests.polling import eventually
from tests.settings import SECRET_KEY
from tests.tenant import Tenant
from tests.webhook_world import Webhooks, listening_endpoint

ROOT: Final = Path(__file__).parents[2]


@asynccontextmanager
async def notifier(
    database_url: str, amqp_url: str, amqp_prefix: str, failpoints: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a notifier of webhooks as a process of its own."""
    variables = {
        "DATABASE_URL": database_url,
        "AMQP_URL": amqp_url,
        "AMQP_PREFIX": amqp_prefix,
        "SECRET_KEYS": SECRET_KEY,
        "WEBHOOK_ALLOW": "127.0.0.0/8",
        "FAILPOINTS": failpoints,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.notifier", "--channel", "webhook"),
        cwd=ROOT,
        env={**os.environ, **{PREFIX + name: value for name, value in variables.items()}},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize(("point", "received"), [("notifier.claimed", 1), ("notifier.delivered", 2)])
async def test_what_a_killed_notifier_had_claimed_is_finished_by_another_under_the_same_id(
    database_url: str,
    database: Database,
    account: Tenant,
    amqp_url: str,
    amqp_prefix: str,
    point: str,
    received: int,
) -> None:
    connection = await asyncpg.connect(database_url)
    webhooks = Webhooks(database_url, database, account.id, connection)
    async with listening_endpoint() as endpoint:
        new = await webhooks.add(endpoint)
        event = await webhooks.tell()
        async with notifier(database_url, amqp_url, amqp_prefix, f"{point}=exit?webhook") as process:
            async with asyncio.timeout(60):
                assert await process.wait() == -signal.SIGKILL
        row = await webhooks.delivery(new, event)
        assert (row["state"], row["attempts"]) == ("pending", 1)
        assert row["claim"] is not None
        assert row["due_in"].total_seconds() > 10, "nobody takes it over before its lease is over"
        await connection.execute("UPDATE webhook_deliveries SET due_at = now()")
        async with notifier(database_url, amqp_url, amqp_prefix, "") as process:
            await webhooks.reaches(new, event, "delivered")
            process.terminate()
            async with asyncio.timeout(15):
                assert await process.wait() == 0
    await eventually(lambda: len(endpoint.received) == received)
    assert set(endpoint.got()) == {str(event.id)}
    rows = await webhooks.attempts(new)
    assert [(row["number"], row["outcome"]) for row in rows] == [(1, "abandoned"), (2, "delivered")]
    await connection.close()
