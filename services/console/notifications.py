"""Reading an order's notifications, in the order in which they fall or fell due, those to come among them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.console.ahead import read_ahead
from services.console.orders import Shown
from services.console.paging import Paging, Place, fetch_page
from services.console.tenancy import as_tenant
from shared.database import Database, Row
from shared.keys import ApiKey
from shared.orders.moments import EPOCH, write_moment

PLACE: Final = tuple[datetime, UUID]
"""The type of a place in the list: when it falls due, and its id."""

_NOTIFICATIONS: Final = """
SELECT id, kind, step, channel, state, reason, recipient, due_at, sent_at,
    CASE WHEN reason = 'sent_with' THEN message_id END AS sent_with
FROM notifications
WHERE account_id = $1 AND livemode = $2 AND order_id = $3 AND (due_at, id) > ($4::timestamptz, $5::uuid)
ORDER BY due_at, id LIMIT $6
"""
_NEWEST: Final = """
SELECT id, kind, step, channel, state, reason, recipient, due_at, sent_at,
    CASE WHEN reason = 'sent_with' THEN message_id END AS sent_with
FROM notifications
WHERE account_id = $1 AND livemode = $2 AND order_id = $3
ORDER BY coalesce(sent_at, due_at) DESC, id DESC LIMIT $4
"""
# Of an order that the tenant may see: a notification knows no platform.
_MESSAGE: Final = """
SELECT n.id, n.kind, n.step, n.channel, n.state, n.reason, n.recipient, n.due_at, n.sent_at,
    CASE WHEN n.reason = 'sent_with' THEN n.message_id END AS sent_with, n.language, n.subject,
    n.text_body, n.html_body, o.platform, o.order_number
FROM notifications AS n JOIN orders AS o ON o.id = n.order_id
WHERE n.account_id = $1 AND n.livemode = $2 AND n.id = $3 AND o.account_id = $1
"""
_ATTEMPTS: Final = """
SELECT started_at, finished_at, outcome, response FROM attempts
WHERE account_id = $1 AND livemode = $2 AND notification_id = $3 ORDER BY started_at DESC LIMIT 50
"""
# As above: whose order's it is, and only of orders that the tenant may see.
_OF_ACCOUNT: Final = """
SELECT n.id, n.kind, n.step, n.channel, n.state, n.reason, n.recipient, n.due_at, n.sent_at, n.created_at,
    CASE WHEN n.reason = 'sent_with' THEN n.message_id END AS sent_with,
    o.platform, o.order_number, o.invoice_number, o.customer_name
FROM notifications AS n JOIN orders AS o ON o.id = n.order_id
WHERE n.account_id = $1 AND n.livemode = $2 AND o.account_id = $1
    AND ($3::text[] IS NULL OR n.state = ANY ($3)) AND ($4::text IS NULL OR n.kind = $4)
    AND ($5::timestamptz IS NULL OR (n.created_at, n.id) < ($5::timestamptz, $6::uuid))
ORDER BY n.created_at DESC, n.id DESC LIMIT $7
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
        after = paging.after or _FIRST
        values = (key.account, key.live, order_id, *after, paging.fetched)
        async with as_tenant(self._database, key) as connection:
            page = await fetch_page(connection, _NOTIFICATIONS, values, paging, _place_of)
            if not page.rows and await connection.fetchval(_HAS_HISTORY, key.account, key.live, order_id) is None:
                return None
            ahead = await read_ahead(connection, key, order_id)
        listed = [(_place_of(row), _view(row)) for row in page.rows]
        # What lies beyond the last row of a page that is not the last one belongs to the next.
        until = listed[-1][0] if listed and page.next_cursor is not None else None
        listed += [one for one in ahead if one[0] > after and (until is None or one[0] <= until)]
        listed.sort(key=lambda one: one[0])
        shown = listed[: paging.limit]
        more = page.next_cursor is not None or len(listed) > len(shown)
        return [view for _, view in shown], paging.cursor_at(shown[-1][0]) if more else None

    async def newest(self, key: ApiKey, order_id: UUID, most: int) -> list[Shown]:
        """Return an order's newest notifications, those to come among them, the last first."""
        async with as_tenant(self._database, key) as connection:
            rows = await connection.fetch(_NEWEST, key.account, key.live, order_id, most)
            ahead = await read_ahead(connection, key, order_id)
        listed = [((row["sent_at"] or row["due_at"], row["id"]), _view(row)) for row in rows] + ahead
        listed.sort(key=lambda one: one[0], reverse=True)
        return [view for _, view in listed[:most]]

    async def of_account(
        self, key: ApiKey, states: Sequence[str] | None, kind: str | None, paging: Paging
    ) -> tuple[list[Shown], str | None]:
        """Return a page of an account's notifications, each with its order's names, those planned last first."""
        values = (key.account, key.live, states, kind, *(paging.after or (None, None)), paging.fetched)
        async with as_tenant(self._database, key) as connection:
            page = await fetch_page(connection, _OF_ACCOUNT, values, paging, _place_in_account)
        names = ("platform", "order_number", "invoice_number", "customer_name")
        return [{**_view(row), **{name: row[name] for name in names}} for row in page.rows], page.next_cursor

    async def message(self, key: ApiKey, notification_id: UUID) -> Shown | None:
        """Return a notification with what it says, whose order's it is, and each try to send it; None if unknown."""
        async with as_tenant(self._database, key) as connection:
            row = await connection.fetchrow(_MESSAGE, key.account, key.live, notification_id)
            if row is None:
                return None
            attempts = await connection.fetch(_ATTEMPTS, key.account, key.live, notification_id)
        return {
            **_view(row),
            "language": row["language"],
            "subject": row["subject"],
            "text": row["text_body"],
            "html": row["html_body"],
            "platform": row["platform"],
            "orderNumber": row["order_number"],
            "attempts": [_attempt(attempt) for attempt in attempts],
        }


def _place_of(row: Row) -> Place:
    return row["due_at"], row["id"]


def _place_in_account(row: Row) -> Place:
    return row["created_at"], row["id"]


def _view(row: Row) -> Shown:
    return {
        "id": str(row["id"]),
        "kind": row["kind"],
        "step": row["step"],
        "channel": row["channel"],
        "state": row["state"],
        "reason": row["reason"],
        "to": row["recipient"],
        "dueAt": write_moment(row["due_at"]),
        "sentAt": write_moment(row["sent_at"]),
        "sentWith": None if row["sent_with"] is None else str(row["sent_with"]),
    }


def _attempt(row: Row) -> Shown:
    return {
        "startedAt": write_moment(row["started_at"]),
        "finishedAt": write_moment(row["finished_at"]),
        "outcome": row["outcome"],
        "response": row["response"],
    }
