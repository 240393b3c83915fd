"""The table `outbox` as the relay sees it: unsent events, claimed by row locks, so that relays share the work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from msgspec import Struct

from services.relay.watch import Unsent, orders_to_watch
from shared import dunning, webhooks
from shared.database import Connection, Database
from shared.webhooks import EVERY_EVENT

# By `sent_at IS NULL`, never by a cursor: rows become visible in the order of commits, not of creation.
_CLAIM: Final = """
SELECT id, created_at, type, account_id, body FROM outbox
WHERE sent_at IS NULL ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
# What some queue did not confirm counts as sent and is kept apart, to be published again: webhooks need not wait for
# that. They are handed each event together with the mark, once to each that wants it, whatever crashes. For an account
# without webhooks this costs one look into an index.
_SENT: Final = f"""
WITH sent AS (
    UPDATE outbox SET sent_at = now() WHERE id = ANY($1::uuid[]) AND sent_at IS NULL
    RETURNING id, created_at, account_id, livemode, type
), unconfirmed AS (
    INSERT INTO unconfirmed_events (event_id, event_created_at, due_at)
    SELECT id, created_at, clock_timestamp() + interval '1 second' FROM sent WHERE id = ANY($2::uuid[])
), handed AS (
    INSERT INTO webhook_deliveries (webhook_id, event_id, event_created_at)
    SELECT w.id, sent.id, sent.created_at FROM sent JOIN webhooks AS w
        ON w.account_id = sent.account_id AND w.livemode = sent.livemode AND w.enabled
        AND (sent.type = ANY (w.events) OR '{EVERY_EVENT}' = ANY (w.events))
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT pg_notify('{webhooks.CHANNEL}', '') FROM handed LIMIT 1
"""
# In the order of ids, as all who write several rows of it.
_WATCH: Final = f"""
WITH watched AS (
    INSERT INTO reminders (order_id, account_id, livemode, check_at)
    SELECT id, account_id, livemode, now() FROM orders
    WHERE id = ANY($1::uuid[]) AND order_status <> 'cancelled'
        AND (payment_status = 'overdue' OR (payment_status = 'pending' AND due_date IS NOT NULL))
    ORDER BY id
    ON CONFLICT (order_id) DO UPDATE SET check_at = excluded.check_at
    RETURNING order_id
)
SELECT pg_notify('{dunning.CHANNEL}', '') WHERE EXISTS (SELECT FROM watched)
"""
# By the index of what is unsent, one row a partition.
_LAG: Final = """
SELECT extract(epoch FROM clock_timestamp() - least(
    (SELECT created_at FROM outbox WHERE sent_at IS NULL ORDER BY created_at LIMIT 1),
    (SELECT min(event_created_at) FROM unconfirmed_events)))::float8
"""
_SWEPT_ROWS: Final = 5000
_SWEEP: Final = f"""
DELETE FROM outbox_default WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM outbox_default AS o WHERE sent_at < now() - make_interval(days => $1) AND NOT EXISTS (
        SELECT FROM unconfirmed_events AS u WHERE u.event_created_at = o.created_at AND u.event_id = o.id)
    LIMIT {_SWEPT_ROWS}))
"""
# Functions of the schema's owner: a relay need not be one.
_ADD_PARTITIONS: Final = "SELECT outbox_add_partitions()"
_DROP_PARTITIONS: Final = "SELECT outbox_drop_partitions($1)"
_EXPIRED_KEYS: Final = f"""
DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_keys WHERE expires_at < now() LIMIT {_SWEPT_ROWS}))
"""
_MAINTENANCE_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtext('bugalou outbox maintenance'))"


class Batch(Struct, frozen=True):
    """Unsent events; whoever publishes them puts the ids of those that were sent into one list or the other."""

    events: list[Unsent]
    sent: list[UUID]
    unconfirmed: list[UUID]


class Outbox:
    """Claims and marks events; sweeps what is old."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def claim(self, most: int) -> AsyncIterator[Batch]:
        """Give up to `most` unsent events, locked against other relays.

        Those that were sent, and those that some queue did not confirm, are marked when the block ends, and what they
        tell about comes due for a look at its reminders with that. If the process dies before, they are sent again: at
        least once.
        """
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_CLAIM, most)
            batch = Batch([Unsent(row["id"], row["type"], row["account_id"], row["body"]) for row in rows], [], [])
            yield batch
            gone = {*batch.sent, *batch.unconfirmed}
            if gone:
                await connection.execute(_SENT, list(gone), batch.unconfirmed)
                watched = orders_to_watch(event for event in batch.events if event.id in gone)
                if watched:
                    await connection.execute(_WATCH, list(watched))

    async def lag_seconds(self) -> float | None:
        """Return how long the oldest unsent event has waited, or None where all are sent."""
        async with self._database.transaction(readonly=True) as connection:
            seconds: float | None = await connection.fetchval(_LAG)
        return seconds

    async def maintain(self, keep_days: int) -> bool:
        """Make the partitions of the coming days, drop those older than `keep_days`, sweep expired idempotency keys.

        A transaction sweeps a part of what is old; return whether there may be more.
        """
        async with self._database.transaction() as connection:
            if await connection.fetchval(_MAINTENANCE_LOCK):
                return await _maintain(connection, keep_days)
        return False


async def _maintain(connection: Connection, keep_days: int) -> bool:
    # A partition that waits for a lock would make every worker wait behind it.
    await connection.execute("SET LOCAL lock_timeout = '2s'")
    await connection.execute(_ADD_PARTITIONS)
    await connection.execute(_DROP_PARTITIONS, keep_days)
    swept = await connection.execute(_SWEEP, keep_days), await connection.execute(_EXPIRED_KEYS)
    return f"DELETE {_SWEPT_ROWS}" in swept
