"""Reading as one tenant: under the console's role Postgres shows only the rows of its account, world and platforms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from shared.database import Connection, Database
from shared.keys import ApiKey

ROLE: Final = "bugalou_console"
"""Holds no rights but to read, and those under row-level security: a forgotten WHERE leaks nothing."""

STATEMENT_SECONDS: Final = 8
"""How long one statement may take; beyond it the answer is 503, and the connection is free for others."""

_BECOME: Final = """
SELECT set_config('bugalou.account', $1, true), set_config('bugalou.livemode', $2, true),
    set_config('bugalou.platforms', $3, true), set_config('statement_timeout', $4, true)
"""
_SEPARATOR: Final = "\x1f"
"""Between the names of platforms, which hold no control characters."""


@asynccontextmanager
async def as_tenant(
    database: Database, key: ApiKey, *, statement_seconds: float = STATEMENT_SECONDS
) -> AsyncIterator[Connection]:
    """Give a read-only transaction that sees what the key may see, and nothing else."""
    async with database.transaction(readonly=True, account=key.account) as connection:
        await connection.execute(
            _BECOME,
            str(key.account),
            "true" if key.live else "false",
            _platforms(key),
            str(int(statement_seconds * 1000)),
        )
        yield connection


def _platforms(key: ApiKey) -> str:
    """Return the setting for a key's platforms: empty for any, else with a separator in front, so never empty."""
    return "" if key.platforms is None else _SEPARATOR + _SEPARATOR.join(sorted(key.platforms))
