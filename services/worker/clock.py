"""Postgres's clock as a worker knows it: measured now and then, and carried on by this machine's."""

import time
from typing import Final

from shared.database import Database

_TIME: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


class PostgresClock:
    """The clock that submissions were received by, as far as the worker's metrics need it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._offset = time.time() - time.monotonic()

    def now(self) -> int:
        """Return the time in microseconds since 1970: Postgres's, or until it was asked this machine's."""
        return int((time.monotonic() + self._offset) * 1_000_000)

    async def measure(self) -> None:
        """Ask Postgres, or raise `DatabaseUnavailable`."""
        async with self._database.transaction(readonly=True) as connection:
            sent = time.monotonic()
            now = await connection.fetchval(_TIME)
            self._offset = now / 1_000_000 - (sent + time.monotonic()) / 2
