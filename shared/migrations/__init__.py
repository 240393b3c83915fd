"""The database's schema, forward only: plain SQL, run by `bugalou migrate` and by nothing else."""

from typing import Final

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.schema import HEAD

_ADVISORY_LOCK: Final = 0x6275_6761_6C6F_75
"""One migrator at a time, however many hosts deploy at once ("bugalou" in ASCII)."""


async def migrate(url: str) -> None:
    """Bring the database at `url` to `HEAD`; waits for another migrator, and does nothing where all is done."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url, timeout=10), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"))
            await connection.commit()
            await connection.run_sync(_upgrade)
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "shared:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
