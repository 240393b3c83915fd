"""A host that vanishes in the middle of a transaction closes nothing; what it held is let go all the same."""

import asyncio

import pytest

from shared.database import Database
from shared.errors import DatabaseUnavailable
from tests.proxy import Proxy


async def lock(database: Database, locked: asyncio.Event, until: asyncio.Event) -> None:
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(7)")
        locked.set()
        await until.wait()


async def test_locks_of_a_host_that_vanished_are_let_go(database: Database, database_url: str) -> None:
    first, second, over = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with Proxy(database_url) as way:
        gone = Database(way.url, purpose="test", most=1, idle_seconds=0.5)
        await gone.open()
        try:
            vanished = asyncio.ensure_future(lock(gone, first, over))
            await first.wait()
            way.stall()
            other = asyncio.ensure_future(lock(database, second, over))
            async with asyncio.timeout(15):
                await second.wait()
            await way.restore()
            over.set()
            await other
            with pytest.raises(DatabaseUnavailable):
                await vanished
        finally:
            over.set()
            await way.restore()
            await gone.close()


async def test_transaction_in_which_something_is_asked_is_not_ended(database_url: str) -> None:
    slow = Database(database_url, purpose="test", most=1, idle_seconds=0.2)
    await slow.open()
    try:
        async with slow.transaction() as connection:
            assert await connection.fetchval("SELECT 1 FROM pg_sleep(0.6)") == 1
    finally:
        await slow.close()
