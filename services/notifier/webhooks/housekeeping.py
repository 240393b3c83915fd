"""Keeps the tables of webhooks in bounds: nothing waits for a webhook that is disabled or gone, and old rows leave."""

import logging
from typing import Final

from shared.database import Database
from shared.errors import DatabaseUnavailable
from shared.rounds import Rounds
from shared.webhooks import MOST_KEPT_DAYS

SWEEP_SECONDS: Final = 15.0
MORE_SECONDS: Final = 0.2
"""Between two parts of a sweep."""
_ROWS: Final = 2000

# By the index of what is pending: one probe a webhook (see claims.py), then the rows of those that are not served.
_CANCEL: Final = f"""
WITH RECURSIVE waiting (webhook_id) AS (
    (SELECT webhook_id FROM webhook_deliveries WHERE state = 'pending' ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.webhook_id FROM webhook_deliveries AS d
            WHERE d.state = 'pending' AND d.webhook_id > waiting.webhook_id ORDER BY d.webhook_id LIMIT 1)
    FROM waiting WHERE waiting.webhook_id IS NOT NULL
), unserved AS MATERIALIZED (
    SELECT webhook_id FROM waiting
    WHERE webhook_id IS NOT NULL AND NOT EXISTS (SELECT FROM webhooks AS w WHERE w.id = webhook_id AND w.enabled)
), doomed AS (
    SELECT webhook_id, event_id FROM webhook_deliveries
    WHERE state = 'pending' AND webhook_id IN (SELECT webhook_id FROM unserved)
    LIMIT {_ROWS} FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries AS d SET state = 'cancelled', claim = NULL, claimed_at = NULL
FROM doomed WHERE d.webhook_id = doomed.webhook_id AND d.event_id = doomed.event_id
"""

_OLD_DELIVERIES: Final = f"""
DELETE FROM webhook_deliveries WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM webhook_deliveries
    WHERE event_created_at < now() - make_interval(days => $1) AND state <> 'pending' LIMIT {_ROWS}))
"""

# A replaced secret that signs no more has nothing to be kept for.
_OLD_SECRETS: Final = """
UPDATE webhooks SET old_secret = NULL, old_secret_until = NULL WHERE old_secret_until < now()
"""

# A UUIDv7 begins with the milliseconds since 1970.
_OLD_ATTEMPTS: Final = f"""
DELETE FROM webhook_attempts WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM webhook_attempts WHERE id < (
        lpad(to_hex((extract(epoch FROM now() - make_interval(days => $1)) * 1000)::bigint), 12, '0')
        || '00000000000000000000')::uuid
    LIMIT {_ROWS}))
"""

_OLD_ERASURES: Final = f"""
DELETE FROM erased_orders WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM erased_orders WHERE erased_at < now() - make_interval(days => $1) LIMIT {_ROWS}))
"""

ERASURES_DAYS: Final = MOST_KEPT_DAYS + 30
"""Longer than any outbox keeps its events: one day's leave together, and after the last of them was sent."""


class Sweeps:
    """What is swept, a part of it in each transaction."""

    def __init__(self, database: Database, *, keep_days: int) -> None:
        self._database = database
        self._keep_days = keep_days

    async def sweep(self) -> bool:
        """Sweep a part; return whether there may be more."""
        done = []
        for statement, arguments in (
            (_CANCEL, ()),
            (_OLD_SECRETS, ()),
            (_OLD_DELIVERIES, (self._keep_days,)),
            (_OLD_ATTEMPTS, (self._keep_days,)),
            (_OLD_ERASURES, (ERASURES_DAYS,)),
        ):
            async with self._database.transaction() as connection:
                done.append(await connection.execute(statement, *arguments))
        return any(status.endswith(f" {_ROWS}") for status in done)


class Housekeeping(Rounds):
    """Sweeps now and then; a component. Any number may run."""

    def __init__(self, sweeps: Sweeps) -> None:
        super().__init__(
            self._sweep,
            waits_out=DatabaseUnavailable,
            event="webhooks.sweep_postponed",
            level=logging.INFO,
            retry_seconds=SWEEP_SECONDS,
        )
        self._sweeps = sweeps

    async def _sweep(self) -> float:
        return MORE_SECONDS if await self._sweeps.sweep() else SWEEP_SECONDS
