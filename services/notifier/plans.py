"""Planned notifications on their way into Postgres, and events that nobody can read on their way into `failures`."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

from services.notifier.notification import Planned
from services.notifier.rows import SETTLE_SECONDS
from shared import notifications
from shared.clients import CHANNEL, CLIENT
from shared.database import Database
from shared.messages.formats import show_text
from shared.metrics import FAILURES, PLANNED

# Planned once, though the account may have switched to another channel before the event came again.
_ADD: Final = f"""
WITH n AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::uuid[], $5::text[], $6::text[], $7::uuid[],
        $8::smallint[], $9::text[])
        AS n (id, account_id, livemode, order_id, kind, event_type, run_id, step, channel)
), added AS (
    INSERT INTO notifications
        (id, account_id, livemode, order_id, kind, event_type, run_id, step, channel, state, due_at, client)
    SELECT n.*, 'planned', now() + make_interval(secs => coalesce({SETTLE_SECONDS}, $10)), {CLIENT}
    FROM n
    LEFT JOIN orders AS o ON o.id = n.order_id
    LEFT JOIN settings AS s ON s.account_id = n.account_id
    WHERE n.channel = {CHANNEL} AND NOT EXISTS (
        SELECT FROM notifications AS other
        WHERE other.order_id = n.order_id AND other.kind = n.kind AND other.run_id = n.run_id AND other.step = n.step
    )
    ON CONFLICT DO NOTHING
    RETURNING kind, channel
)
SELECT kind, channel, pg_notify('{notifications.CHANNEL}', '') FROM added
"""

# The first event that asks for a notification is what it belongs to.
_TRACE: Final = """
UPDATE notifications AS n SET trace = t.trace FROM unnest($1::uuid[], $2::text[]) AS t(id, trace)
WHERE n.id = t.id AND n.trace IS NULL
"""

# The id derives from the body: a message that comes again is not set aside twice.
_SET_ASIDE: Final = """
INSERT INTO failures (id, place, cause, reason, body) VALUES ($1, 'notifier', 'undecodable', $2, $3)
ON CONFLICT DO NOTHING
"""

_FAILURES: Final = UUID("c3de1b0a-42f7-5d60-8d1f-0e6b7a915c24")


class Plans:
    """Stores what events ask for; storing twice is storing once."""

    def __init__(self, database: Database, *, settle_seconds: float) -> None:
        self._database = database
        self._settle_seconds = settle_seconds

    async def add(self, planned: Sequence[Planned]) -> int:
        """Add notifications, each over the one of its channels that suits; they fall due after the settle time.

        Return how many were not planned before.
        """
        async with self._database.transaction() as connection:
            added = await connection.fetch(
                _ADD,
                [plan.id for plan in planned],
                [plan.account for plan in planned],
                [plan.live for plan in planned],
                [plan.order_id for plan in planned],
                [plan.kind for plan in planned],
                [plan.event_type for plan in planned],
                [plan.run_id for plan in planned],
                [plan.step for plan in planned],
                [plan.channel for plan in planned],
                self._settle_seconds,
            )
            traced = [(plan.id, plan.trace) for plan in planned if plan.trace is not None]
            if traced:
                await connection.execute(_TRACE, [id for id, _ in traced], [trace for _, trace in traced])
        for row in added:
            PLANNED.labels(row["kind"], row["channel"]).inc()
        return len(added)

    async def set_aside(self, body: bytes, reason: str) -> None:
        """Keep an event that cannot be read, whole, for somebody to see and mend."""
        failure_id = uuid5(_FAILURES, body.hex())
        async with self._database.transaction() as connection:
            await connection.execute(_SET_ASIDE, failure_id, show_text(reason)[:500], body)
        FAILURES.labels("notifier", "undecodable").inc()
