"""Reading an order's history: every submission in version order, those that count for nothing too."""

from typing import Final
from uuid import UUID

import msgspec

from services.console.orders import Shown
from services.console.paging import Paging, Place, fetch_page
from services.console.tenancy import as_tenant
from shared.database import Database, Row
from shared.fold import MARKED_EVENTS
from shared.keys import ApiKey
from shared.orders.moments import write_timestamp
from shared.orders.view import show_fields

PLACE: Final = tuple[int, UUID]
"""The type of a place in a history: version and id."""

_FROM: Final = """
SELECT s.id, s.version, s.state, s.duplicate_of, s.sets::text AS sets, s.clears, s.marks, k.name AS api_key,
    (extract(epoch FROM s.received_at) * 1000000)::bigint AS received_at,
    (extract(epoch FROM s.occurred_at) * 1000000)::bigint AS occurred_at
FROM submissions AS s LEFT JOIN api_keys AS k ON k.id = s.api_key_id
WHERE s.account_id = $1 AND s.livemode = $2 AND s.order_id = $3
"""
# No index holds an order's submissions by version: a page reads all that the order has, 0.15 s of CPU where they are
# 50,000, and next to nothing where they are as many as usual. With an index on (order_id, version, id) it takes less
# than a millisecond, and storing a submission costs PostgreSQL 40 us instead of 34 and 300 bytes more of WAL.
_SUBMISSIONS: Final = f"{_FROM} AND (s.version, s.id) > ($4::bigint, $5::uuid) ORDER BY s.version, s.id LIMIT $6"
_NEWEST: Final = f"{_FROM} ORDER BY s.version DESC, s.id DESC LIMIT $4"
_FIRST: Final = (-1, UUID(int=0))
"""A place before every submission."""


class HistoryReader:
    """Reads histories as their tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, key: ApiKey, order_id: UUID, paging: Paging) -> tuple[list[Shown], str | None] | None:
        """Return a page of an order's submissions, and the cursor of the next; None where there are none at all."""
        values = (key.account, key.live, order_id, *(paging.after or _FIRST), paging.fetched)
        async with as_tenant(self._database, key) as connection:
            page = await fetch_page(connection, _SUBMISSIONS, values, paging, _place_of)
        if not page.rows and paging.after is None:
            return None
        return [_view(row) for row in page.rows], page.next_cursor

    async def newest(self, key: ApiKey, order_id: UUID, most: int) -> list[Shown]:
        """Return the newest submissions of an order, the newest first."""
        async with as_tenant(self._database, key) as connection:
            rows = await connection.fetch(_NEWEST, key.account, key.live, order_id, most)
        return [_view(row) for row in rows]


def _place_of(row: Row) -> Place:
    return row["version"], row["id"]


def _view(row: Row) -> Shown:
    original, occurred_at = row["duplicate_of"], row["occurred_at"]
    return {
        "id": str(row["id"]),
        "version": str(row["version"]),
        "state": row["state"],
        "duplicateOf": None if original is None else str(original),
        "receivedAt": write_timestamp(row["received_at"]),
        "occurredAt": None if occurred_at is None else write_timestamp(occurred_at),
        "apiKey": row["api_key"],
        "sets": show_fields(msgspec.json.decode(row["sets"])),
        "clears": row["clears"],
        "events": [event for mark, event in MARKED_EVENTS.items() if mark & row["marks"]],
    }
