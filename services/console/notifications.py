"""Reading an order's notifications, in the order in which they fall or fell due."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.console.orders import Shown
from services.console.paging import Paging, Place, fetch_page
from services.console.tenancy import as_tenant
from shared.database import Database, Row
from shared.keys import ApiKey
from shared.orders.moments import EPOCH, to_microseconds, write_timestamp

PLACE: Final = tuple[datetime, UUID]
"""The type of a place in the list: when it falls due, and its id."""

_NOTIFICATIONS: Final = """
SELECT id, kind, step, channel, state, reason, recipient, due_at, sent_at FROM notifications
WHERE account_id = $1 AND livemode = $2 AND order_id = $3 AND (due_at, id) > ($4::timestamptz, $5::uuid)
ORDER BY due_at, id LIMIT $6
"""
_HAS_HISTORY: Final = "SELECT 1 FROM submissions WHERE account_id = $1 AND livemode = $2 AND order_id = $3 LIMIT 1"
_FIRST: Final = (EPOCH, UUID(int=0))
"""A place before every notification."""


class NotificationsReader:
    """Reads notifications as their tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, key: ApiKey, order_id: UUID, paging: Paging) -> tuple[list[Shown], str | None] | None:
        """Return a page of an order's notifications, and the cursor of the next; None where there is no order."""
        values = (key.account, key.live, order_id, *(paging.after or _FIRST), paging.fetched)
        async with as_tenant(self._database, key) as connection:
            page = await fetch_page(connection, _NOTIFICATIONS, values, paging, _place_of)
            if not page.rows and await connection.fetchval(_HAS_HISTORY, key.account, key.live, order_id) is None:
                return None
        return [_view(row) for row in page.rows], page.next_cursor


def _place_of(row: Row) -> Place:
    return row["due_at"], row["id"]


def _view(row: Row) -> Shown:
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "step": row["step"],
        "channel": row["channel"],
        "state": row["state"],
        "reason": row["reason"],
        "to": row["recipient"],
        "dueAt": write_timestamp(to_microseconds(row["due_at"])),
        "sentAt": None if row["sent_at"] is None else write_timestamp(to_microseconds(row["sent_at"])),
    }
