"""Reading as one tenant: under the console's role Postgres shows only the rows of its account and world."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from shared.database import Connection, Database
from shared.keys import ApiKey

ROLE: Final = "bugalou_console"
"""Holds no rights but to read, and those under row-level security: a forgotten WHERE leaks nothing."""

_BECOME: Final = "SELECT set_config('bugalou.account', $1, true), set_config('bugalou.livemode', $2, true)"


@asynccontextmanager
async def as_tenant(database: Database, key: ApiKey) -> AsyncIterator[Connection]:
    """Give a read-only transaction that sees the key's account, live or test, and nothing else."""
    async with database.transaction(readonly=True) as connection:
        await connection.execute(_BECOME, str(key.account), "true" if key.live else "false")
        yield connection
