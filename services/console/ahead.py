"""The steps of an order's ladder that are to come: computed, as no row is stored for them.

The same pure function says what is to come as tells the steps when their time has come, and the ids derive from the
same parts, so each row that comes is the one announced.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.console.orders import Shown
from shared.clients import CHANNEL
from shared.database import Connection
from shared.dunning import read_dunning
from shared.keys import ApiKey
from shared.notifications import notification_id
from shared.orders.moments import to_microseconds, write_timestamp

Placed = tuple[tuple[datetime, UUID], Shown]
"""A notification with its place in the list: when it falls due, and its id."""

# Only what is watched will come: a replay's orders are not.
_IS_WATCHED: Final = "SELECT EXISTS (SELECT FROM reminders WHERE account_id = $1 AND livemode = $2 AND order_id = $3)"
_CHANNEL: Final = f"""
SELECT {CHANNEL} FROM orders AS o CROSS JOIN LATERAL (SELECT o.account_id) AS n
LEFT JOIN settings AS s ON s.account_id = o.account_id WHERE o.id = $1
"""
_STORED: Final = "SELECT id FROM notifications WHERE account_id = $1 AND livemode = $2 AND id = ANY ($3::uuid[])"


async def read_ahead(connection: Connection, key: ApiKey, order_id: UUID) -> list[Placed]:
    """Return the steps of the ladder that are to come, one a channel that is on."""
    if not await connection.fetchval(_IS_WATCHED, key.account, key.live, order_id):
        return []
    dunning = (await read_dunning(connection, [order_id])).get(order_id)
    if dunning is None:
        return []
    channel = await connection.fetchval(_CHANNEL, order_id)
    if not getattr(dunning.settings.channels, channel):
        return []
    steps = {notification_id(order_id, "reminder", step.cycle, step.number, channel): step for step in dunning.steps}
    stored = {row["id"] for row in await connection.fetch(_STORED, key.account, key.live, list(steps))}
    return [
        (
            (step.due_at, id),
            {
                "id": str(id),
                "kind": "reminder",
                "step": step.number,
                "channel": channel,
                "state": "planned",
                "reason": None,
                "to": None,
                "dueAt": write_timestamp(to_microseconds(step.due_at)),
                "sentAt": None,
                "sentWith": None,
            },
        )
        for id, step in steps.items()
        if id not in stored
    ]
