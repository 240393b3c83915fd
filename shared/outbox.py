"""The outbox: events commit with the change that they tell of, and the relay carries them out afterwards.

Whoever changes state (the worker an order, the notifier a notification) adds its events here inside its own
transaction.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from shared.contracts import Event
from shared.database import Connection

CHANNEL: Final = "outbox"
"""The NOTIFY channel that wakes the relays."""

_ADD: Final = f"""
WITH added AS (
    INSERT INTO outbox (id, account_id, livemode, type, order_id, body)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::text[], $5::uuid[], $6::bytea[])
)
SELECT pg_notify('{CHANNEL}', '')
"""


async def add_to_outbox(connection: Connection, events: Sequence[tuple[Event, UUID | None]]) -> None:
    """Add events, each with the id of the order that it is about, to the caller's transaction."""
    if not events:
        return
    await connection.execute(
        _ADD,
        [event.id for event, _ in events],
        [event.account for event, _ in events],
        [event.livemode for event, _ in events],
        [event.type for event, _ in events],
        [order_id for _, order_id in events],
        [msgspec.json.encode(event) for event, _ in events],
    )
