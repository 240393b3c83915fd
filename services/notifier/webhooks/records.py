"""What came of an attempt: the attempt, its delivery and its webhook, written in one transaction."""

from typing import Final

from uuid_utils.compat import uuid7

from services.notifier.webhooks.delivery import Claimed, Reply
from services.notifier.webhooks.schedule import FAILING_FOR, SLOW_MILLISECONDS, Verdict, failing_since
from shared.database import Connection, Database
from shared.telemetry import log

_SETTLE: Final = """
UPDATE webhook_deliveries
SET state = $4, due_at = now() + make_interval(secs => $5), claim = NULL, claimed_at = NULL
WHERE webhook_id = $1 AND event_id = $2 AND claim = $3 AND state = 'pending' RETURNING due_at
"""

_RELEASE: Final = """
UPDATE webhook_deliveries
SET due_at = now() + make_interval(secs => $4), claim = NULL, claimed_at = NULL, attempts = attempts - 1
WHERE webhook_id = $1 AND event_id = $2 AND claim = $3 AND state = 'pending'
"""

_ATTEMPT: Final = """
INSERT INTO webhook_attempts (id, webhook_id, account_id, livemode, event_id, event_type, order_id, number, started_at,
    milliseconds, outcome, status, reason, response, next_try_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""

# Written only where it changes something: what succeeds is most of what there is.
_WORKS: Final = """
UPDATE webhooks SET failing_since = NULL, last_failure_at = NULL, is_slow = $2
WHERE id = $1 AND (failing_since IS NOT NULL OR is_slow <> $2)
"""

_LOCK: Final = "SELECT failing_since, last_failure_at, now() AS now FROM webhooks WHERE id = $1 AND enabled FOR UPDATE"

_FAILS: Final = """
UPDATE webhooks SET failing_since = $2, last_failure_at = now(), is_slow = true,
    paused_until = CASE WHEN $3 > 0 THEN greatest(paused_until, now() + make_interval(secs => $3)) ELSE paused_until END
WHERE id = $1
"""

_DISABLE: Final = """
UPDATE webhooks SET enabled = false, disabled_reason = $2, disabled_at = now(), updated_at = now() WHERE id = $1
"""


class Records:
    """Ends attempts; one that was taken over meanwhile (its claim had run out) changes nothing any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def finish(self, claimed: Claimed, reply: Reply, verdict: Verdict) -> bool:
        """Record a verdict; return False where another notifier has taken the delivery over."""
        state = "pending" if verdict.outcome == "retry" else verdict.outcome
        async with self._database.transaction() as connection:
            due_at = await connection.fetchval(
                _SETTLE, claimed.webhook, claimed.event, claimed.claim, state, verdict.pause_seconds
            )
            if due_at is None:
                return False
            await connection.execute(
                _ATTEMPT,
                uuid7(),
                claimed.webhook,
                claimed.account,
                claimed.live,
                claimed.event,
                claimed.event_type,
                claimed.order,
                claimed.number,
                claimed.started_at,
                reply.milliseconds,
                verdict.outcome,
                reply.status,
                verdict.reason,
                reply.response or None,
                due_at if state == "pending" else None,
            )
            if verdict.outcome == "delivered":
                await connection.execute(_WORKS, claimed.webhook, reply.milliseconds > SLOW_MILLISECONDS)
            else:
                await self._note_failure(connection, claimed, verdict)
        return True

    async def release(self, claimed: Claimed, pause_seconds: float) -> None:
        """Give a delivery back that was not really attempted: it does not count."""
        async with self._database.transaction() as connection:
            await connection.execute(_RELEASE, claimed.webhook, claimed.event, claimed.claim, pause_seconds)

    async def _note_failure(self, connection: Connection, claimed: Claimed, verdict: Verdict) -> None:
        row = await connection.fetchrow(_LOCK, claimed.webhook)
        if row is None:
            return
        since = failing_since(row["failing_since"], row["last_failure_at"], row["now"])
        await connection.execute(_FAILS, claimed.webhook, since, verdict.rest_seconds)
        reason = "gone" if verdict.disables else "failing" if row["now"] - since >= FAILING_FOR else None
        if reason is not None:
            await connection.execute(_DISABLE, claimed.webhook, reason)
            log.warning("webhook.disabled", webhook=str(claimed.webhook), account=str(claimed.account), reason=reason)
