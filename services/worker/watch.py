"""What the worker's metrics need from Postgres, asked every few seconds: its time, and which failures are open."""

import time
from typing import Final

from shared.database import Database
from shared.metrics import FAILURES_OPEN

_TIME: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
MOST_COUNTED: Final = 1000
# The newest ones, by their index: an installation that has gathered a million must not read them all each time.
_OPEN: Final = f"""
SELECT place, cause, count(*) AS open
FROM (
    SELECT place, cause FROM failures WHERE replayed_at IS NULL AND discarded_at IS NULL
    ORDER BY created_at DESC LIMIT {MOST_COUNTED}
) AS newest
GROUP BY place, cause
"""


class Watch:
    """Postgres's clock as last seen, carried on by this machine's, and the gauge of open failures."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._offset = time.time() - time.monotonic()
        self._known: set[tuple[str, str]] = set()

    def now(self) -> int:
        """Return the time in microseconds since 1970: Postgres's, or until it was asked this machine's."""
        return int((time.monotonic() + self._offset) * 1_000_000)

    async def look(self) -> None:
        """Ask, or raise `DatabaseUnavailable`."""
        async with self._database.transaction(readonly=True) as connection:
            sent = time.monotonic()
            now = await connection.fetchval(_TIME)
            self._offset = now / 1_000_000 - (sent + time.monotonic()) / 2
            found = {(row["place"], row["cause"]): row["open"] for row in await connection.fetch(_OPEN)}
        # What was replayed stays at 0: a series that ends says nothing.
        self._known |= found.keys()
        for place, cause in self._known:
            FAILURES_OPEN.labels(place, cause).set(found.get((place, cause), 0))
