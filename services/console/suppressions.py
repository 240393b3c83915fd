"""The table `suppressions`: addresses to which nothing is sent, whatever the order says."""

from datetime import datetime
from typing import Final

from services.console.orders import Shown
from services.console.paging import Paging, Place, fetch_page
from services.console.tenancy import as_tenant
from shared.database import Database, Row
from shared.keys import ApiKey
from shared.orders.moments import to_microseconds, write_timestamp

PLACE: Final = tuple[datetime, str]
"""The type of a place in the list: since when, and the address."""

_PAGE: Final = """
SELECT address, reason, created_at FROM suppressions WHERE account_id = $1 AND livemode = $2
AND ($3::timestamptz IS NULL OR (created_at, address) < ($3::timestamptz, $4::text))
ORDER BY created_at DESC, address DESC LIMIT $5
"""
# An address that is listed keeps the reason that it had.
_ADD: Final = """
INSERT INTO suppressions (account_id, livemode, address, reason) VALUES ($1, $2, lower($3), $4)
ON CONFLICT (account_id, livemode, address) DO UPDATE SET reason = suppressions.reason
RETURNING address, reason, created_at, xmax = 0 AS is_new
"""
_HAS: Final = """
SELECT EXISTS (SELECT FROM suppressions WHERE account_id = $1 AND livemode = $2 AND address = lower($3))
"""
_REMOVE: Final = """
DELETE FROM suppressions WHERE account_id = $1 AND livemode = $2 AND address = lower($3) RETURNING address
"""


class Suppressions:
    """Keeps an account's list, for each of its worlds; letter case does not matter."""

    def __init__(self, reading: Database, writing: Database) -> None:
        self._reading = reading
        self._writing = writing

    async def page(self, key: ApiKey, paging: Paging) -> tuple[list[Shown], str | None]:
        """Return a page, the newest first, and the cursor of the next."""
        values = (key.account, key.live, *(paging.after or (None, None)), paging.fetched)
        async with as_tenant(self._reading, key) as connection:
            page = await fetch_page(connection, _PAGE, values, paging, _place_of)
        return [_view(row) for row in page.rows], page.next_cursor

    async def has(self, key: ApiKey, address: str) -> bool:
        """Tell whether nothing is sent to an address."""
        async with as_tenant(self._reading, key) as connection:
            return bool(await connection.fetchval(_HAS, key.account, key.live, address))

    async def add(self, key: ApiKey, address: str, reason: str) -> tuple[Shown, bool]:
        """Suppress an address; return how it stands in the list, and whether it is new there."""
        async with self._writing.transaction(account=key.account) as connection:
            row = await connection.fetchrow(_ADD, key.account, key.live, address, reason)
        if row is None:
            raise RuntimeError("an INSERT that updates what is there returned no row")
        return _view(row), row["is_new"]

    async def remove(self, key: ApiKey, address: str) -> bool:
        """Let an address be written to again; return whether it was in the list."""
        async with self._writing.transaction(account=key.account) as connection:
            return await connection.fetchval(_REMOVE, key.account, key.live, address) is not None


def _place_of(row: Row) -> Place:
    return row["created_at"], row["address"]


def _view(row: Row) -> Shown:
    return {
        "address": row["address"],
        "reason": row["reason"],
        "createdAt": write_timestamp(to_microseconds(row["created_at"])),
    }
