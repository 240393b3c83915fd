"""The worker's SQL without the worker: records what it asks of Postgres, and asks the same again from ready arrays."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
from msgspec import Struct

from services.worker.store import Store
from shared.contracts import Submission
from shared.database import Connection, Database


class Statement(Struct, frozen=True):
    """One statement with its arrays; `method` is asyncpg's."""

    method: str
    sql: str
    arguments: tuple[Any, ...]


class _Recorder:
    """Passes on to a connection, and keeps what passes."""

    def __init__(self, connection: Connection, kept: list[Statement]) -> None:
        self._connection = connection
        self._kept = kept

    def __getattr__(self, method: str) -> Any:
        real = getattr(self._connection, method)

        async def call(sql: str, *arguments: Any) -> Any:
            self._kept.append(Statement(method, sql, arguments))
            return await real(sql, *arguments)

        return call


class RecordingDatabase:
    """A database whose transactions are kept, a list of statements each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.transactions: list[list[Statement]] = []

    @asynccontextmanager
    async def transaction(self, *, readonly: bool = False) -> AsyncIterator[Connection]:
        """Give a connection that is listened to."""
        kept: list[Statement] = []
        async with self._database.transaction(readonly=readonly) as connection:
            yield cast("Connection", _Recorder(connection, kept))
        self.transactions.append(kept)


async def record(url: str, batches: Sequence[Sequence[Submission]]) -> list[list[Statement]]:
    """Settle batches as a worker does; return the statements of each transaction."""
    database = Database(url, purpose="bench records", most=1)
    await database.open()
    try:
        recording = RecordingDatabase(database)
        store = Store(cast("Database", recording))
        for batch in batches:
            await store.settle(batch)
        return recording.transactions
    finally:
        await database.close()


async def play(url: str, transactions: Sequence[Sequence[Statement]]) -> float:
    """Run recorded transactions one after the other; return the seconds that Postgres took, driver included."""
    connection = await asyncpg.connect(url, timeout=30)
    try:
        began = time.perf_counter()
        for statements in transactions:
            async with connection.transaction():
                for statement in statements:
                    await getattr(connection, statement.method)(statement.sql, *statement.arguments)
        return time.perf_counter() - began
    finally:
        await connection.close()
