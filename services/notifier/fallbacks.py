"""E-mail in the place of a notification that cannot arrive over its own channel: planned once, whatever crashes."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from shared.clients import CLIENT
from shared.database import Connection
from shared.messages.order import FALLBACK
from shared.metrics import PLANNED
from shared.notifications import CHANNEL, notification_id

_READ: Final = """
SELECT id, order_id, kind, run_id, step FROM notifications WHERE id = ANY ($1) AND channel <> $2 ORDER BY id
"""

# Its age is that of what it stands for: it is no newer step of the ladder.
_PLAN: Final = f"""
INSERT INTO notifications (
    id, account_id, livemode, order_id, kind, event_type, run_id, step, channel, state, due_at, created_at, trace,
    client
)
SELECT n.id, n.account_id, n.livemode, n.order_id, n.kind, n.event_type, n.run_id, n.step, n.channel, 'planned',
    now(), n.created_at, n.trace, {CLIENT}
FROM (
    SELECT instead.id, $3::text AS channel, old.account_id, old.livemode, old.order_id, old.kind, old.event_type,
        old.run_id, old.step, old.created_at, old.trace
    FROM unnest($1::uuid[], $2::uuid[]) AS instead (old_id, id) JOIN notifications AS old ON old.id = instead.old_id
) AS n
LEFT JOIN orders AS o ON o.id = n.order_id
ON CONFLICT DO NOTHING
RETURNING kind
"""
_SUPPRESS: Final = """
INSERT INTO suppressions (account_id, livemode, address, reason)
SELECT account_id, livemode, recipient, 'opted_out' FROM notifications WHERE id = $1 AND recipient IS NOT NULL
ON CONFLICT DO NOTHING
"""
_WAKE: Final = f"SELECT pg_notify('{CHANNEL}', '')"


async def plan_instead(connection: Connection, ids: Sequence[UUID]) -> None:
    """Plan an e-mail in the place of each notification, in the caller's transaction; a second call changes nothing."""
    rows = await connection.fetch(_READ, ids, FALLBACK)
    instead = [notification_id(row["order_id"], row["kind"], row["run_id"], row["step"], FALLBACK) for row in rows]
    planned = await connection.fetch(_PLAN, [row["id"] for row in rows], instead, FALLBACK)
    await connection.execute(_WAKE)
    for row in planned:
        PLANNED.labels(row["kind"], FALLBACK).inc()


async def suppress(connection: Connection, id: UUID) -> None:
    """Send nothing more to the address of a notification whose client wants none, in the caller's transaction."""
    await connection.execute(_SUPPRESS, id)
