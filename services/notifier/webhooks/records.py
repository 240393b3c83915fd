"""What came of attempts: the attempts, their deliveries and their webhooks, many in one transaction.

While one transaction is under way, the attempts that end meanwhile gather, and are written together by the next.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct
from uuid_utils.compat import uuid7

from services.notifier.webhooks.delivery import Claimed, Reply
from services.notifier.webhooks.schedule import FAILING_FOR, SLOW_MILLISECONDS, Verdict, failing_since
from shared.database import Connection, Database
from shared.telemetry import log

_MOST_TOGETHER: Final = 100

# Locked in the order of ids, as a replay does. One that was taken over meanwhile has another claim. An answer may quote
# what was sent: of a person who was erased meanwhile it is not kept.
_SETTLE: Final = """
WITH ended AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::boolean[], $7::text[],
        $8::uuid[], $9::smallint[], $10::timestamptz[], $11::integer[], $12::text[], $13::float8[], $14::smallint[],
        $15::text[], $16::text[])
    AS e (id, webhook_id, event_id, claim, account_id, livemode, event_type, order_id, number, started_at,
        milliseconds, outcome, pause_seconds, status, reason, response)
), ours AS (
    SELECT d.webhook_id, d.event_id FROM webhook_deliveries AS d
    JOIN ended AS e ON d.webhook_id = e.webhook_id AND d.event_id = e.event_id
    WHERE d.claim = e.claim AND d.state = 'pending'
    ORDER BY d.webhook_id, d.event_id FOR UPDATE OF d
), settled AS (
    UPDATE webhook_deliveries AS d SET
        state = CASE e.outcome WHEN 'retry' THEN 'pending' ELSE e.outcome END,
        due_at = now() + make_interval(secs => e.pause_seconds), claim = NULL, claimed_at = NULL
    FROM ours JOIN ended AS e ON ours.webhook_id = e.webhook_id AND ours.event_id = e.event_id
    WHERE d.webhook_id = ours.webhook_id AND d.event_id = ours.event_id
    RETURNING e.id, d.state, d.due_at
)
INSERT INTO webhook_attempts (id, webhook_id, account_id, livemode, event_id, event_type, order_id, number, started_at,
    milliseconds, outcome, status, reason, response, next_try_at)
SELECT e.id, e.webhook_id, e.account_id, e.livemode, e.event_id, e.event_type, e.order_id, e.number, e.started_at,
    e.milliseconds, e.outcome, e.status, e.reason,
    CASE WHEN NOT EXISTS (SELECT FROM erased_orders AS x WHERE x.order_id = e.order_id AND x.erased_at >= e.started_at)
    THEN e.response END,
    CASE settled.state WHEN 'pending' THEN settled.due_at END
FROM settled JOIN ended AS e ON e.id = settled.id
RETURNING id
"""

_RELEASE: Final = """
UPDATE webhook_deliveries
SET due_at = now() + make_interval(secs => $4), claim = NULL, claimed_at = NULL, attempts = attempts - 1
WHERE webhook_id = $1 AND event_id = $2 AND claim = $3 AND state = 'pending'
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


class Ended(Struct, frozen=True):
    """An attempt that has ended; its id lies in the order of endings."""

    id: UUID
    claimed: Claimed
    reply: Reply
    verdict: Verdict


class Records:
    """Ends attempts; one that was taken over meanwhile (its claim had run out) changes nothing any more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Ended, asyncio.Future[bool]]] = []
        self._writing = asyncio.Lock()

    async def finish(self, claimed: Claimed, reply: Reply, verdict: Verdict) -> bool:
        """Record a verdict; return False where another notifier has taken the delivery over."""
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((Ended(uuid7(), claimed, reply, verdict), written))
        async with self._writing:
            if not written.done():  # by whoever wrote before
                batch, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
                await self._write(batch)
        return await written

    async def release(self, claimed: Claimed, pause_seconds: float) -> None:
        """Give a delivery back that was not really attempted: it does not count."""
        async with self._database.transaction() as connection:
            await connection.execute(_RELEASE, claimed.webhook, claimed.event, claimed.claim, pause_seconds)

    async def _write(self, batch: Sequence[tuple[Ended, "asyncio.Future[bool]"]]) -> None:
        try:
            ours = await self._settle([ended for ended, _ in batch])
        except Exception as error:  # each that waits gets it
            for _, written in batch:
                if not written.done():
                    written.set_exception(error)
            return
        except asyncio.CancelledError:
            for _, written in batch:
                written.cancel()
            raise
        for ended, written in batch:
            if not written.done():
                written.set_result(ended.id in ours)

    async def _settle(self, batch: Sequence[Ended]) -> set[UUID]:
        """Write all of it; return the ids of those that were still ours."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_SETTLE, *zip(*map(_columns, batch), strict=True))
            ours = {row["id"] for row in rows}
            for webhook, ended in _by_webhook(ended for ended in batch if ended.id in ours):
                await self._note(connection, webhook, ended)
        return ours

    async def _note(self, connection: Connection, webhook: UUID, batch: Sequence[Ended]) -> None:
        """Note what attempts say of their webhook."""
        failed = [ended.verdict for ended in batch if ended.verdict.outcome != "delivered"]
        if len(failed) < len(batch):
            is_slow = any(ended.reply.milliseconds > SLOW_MILLISECONDS for ended in batch)
            await connection.execute(_WORKS, webhook, is_slow)
        if not failed:
            return
        row = await connection.fetchrow(_LOCK, webhook)
        if row is None:
            return
        now: datetime = row["now"]
        since = failing_since(row["failing_since"], row["last_failure_at"], now)
        await connection.execute(_FAILS, webhook, since, max(verdict.rest_seconds for verdict in failed))
        is_gone = any(verdict.disables for verdict in failed)
        reason = "gone" if is_gone else "failing" if now - since >= FAILING_FOR else None
        if reason is not None:
            await connection.execute(_DISABLE, webhook, reason)
            account = str(batch[0].claimed.account)
            log.warning("webhook.disabled", webhook=str(webhook), account=account, reason=reason)


def _by_webhook(ended: Iterable[Ended]) -> list[tuple[UUID, list[Ended]]]:
    """Return attempts by webhook, in the order of ids, in which all lock them."""
    found: dict[UUID, list[Ended]] = {}
    for one in ended:
        found.setdefault(one.claimed.webhook, []).append(one)
    return sorted(found.items())


def _columns(ended: Ended) -> tuple[object, ...]:
    claimed, reply, verdict = ended.claimed, ended.reply, ended.verdict
    return (
        ended.id,
        claimed.webhook,
        claimed.event,
        claimed.claim,
        claimed.account,
        claimed.live,
        claimed.event_type,
        claimed.order,
        claimed.number,
        claimed.started_at,
        reply.milliseconds,
        verdict.outcome,
        verdict.pause_seconds,
        reply.status,
        verdict.reason,
        reply.response or None,
    )
