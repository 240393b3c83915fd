"""What has fallen due, claimed: each row locked, its order read again, decided and written in one transaction.

All times are Postgres's, so that notifiers on several hosts agree on what is due. A notification's row is always locked
before its attempts, so that a late finish and a second claim wait for each other instead of deadlocking.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from services.notifier.decision import Cancel, Fail, Wait
from services.notifier.events import FinalState, settled_event
from services.notifier.message import Claimed, Message
from services.notifier.rows import LOCK_DUE, READ_DUE, Due, read_due
from shared.database import Connection, Database, translate
from shared.errors import DataError
from shared.metrics import NOT_SENT
from shared.outbox import add_to_outbox
from shared.telemetry import log
from shared.traces import is_on

_NEXT_DUE: Final = """
SELECT extract(epoch FROM due_at - clock_timestamp())::float8 FROM notifications
WHERE channel = $1 AND state IN ('planned', 'held', 'waiting', 'sending') AND claimed_until IS NULL
ORDER BY due_at LIMIT 1
"""

# Served by the index of what is due.
_LAG: Final = """
SELECT extract(epoch FROM clock_timestamp() - due_at)::float8 FROM notifications
WHERE channel = $1 AND state IN ('planned', 'held', 'waiting', 'sending') AND due_at <= now() ORDER BY due_at LIMIT 1
"""

_REST: Final = """
UPDATE notifications SET state = $2, reason = $3, due_at = coalesce($4, due_at), claimed_until = NULL WHERE id = $1
"""

_WRITE: Final = """
UPDATE notifications SET reason = NULL, recipient = $2, language = $3, subject = $4, text_body = $5, html_body = $6
WHERE id = $1
"""

_SIMULATE: Final = "UPDATE notifications SET state = 'simulated', sent_at = now(), claimed_until = NULL WHERE id = $1"

_CLAIM: Final = """
WITH claimed AS (
    UPDATE notifications
    SET state = 'sending', attempts = $4, claimed_until = now() + make_interval(secs => $3)
    WHERE id = $1
), abandoned AS (
    UPDATE attempts SET finished_at = now(), outcome = 'retry', response = 'the notifier that tried did not finish'
    WHERE notification_id = $1 AND finished_at IS NULL
)
INSERT INTO attempts (id, notification_id, account_id, livemode, started_at)
SELECT $2, id, account_id, livemode, now() FROM notifications WHERE id = $1
"""

_TRACES: Final = "SELECT id, trace FROM notifications WHERE id = ANY($1::uuid[]) AND trace IS NOT NULL"

# The client's address came in a later submission.
_REVIVE: Final = """
UPDATE notifications SET state = 'planned', reason = NULL, due_at = now() WHERE id IN (
    SELECT n.id FROM notifications n JOIN orders o ON o.id = n.order_id
    WHERE n.channel = $1 AND n.state = 'waiting' AND n.reason = 'no_address'
      AND CASE n.channel WHEN 'email' THEN o.customer_email END IS NOT NULL
    FOR UPDATE OF n SKIP LOCKED
)
"""

Verdict = Message | Cancel | Fail | Wait
Prepare = Callable[[Due], Verdict]


class Round(Struct, frozen=True):
    """What one look found: messages to send, how many rows were due, the seconds until the next is (None: none)."""

    claimed: list[Claimed]
    found: int
    next_due_seconds: float | None


class Claims:
    """Claims what is due on a channel, so that no two notifiers ever hold the same row."""

    def __init__(self, database: Database, prepare: Prepare, *, lease_seconds: float) -> None:
        self._database = database
        self._prepare = prepare
        self._lease_seconds = lease_seconds

    async def claim(self, channel: str, most: int) -> Round:
        """Claim up to `most` due rows; on return, what is to be sent is committed as `sending`, with its attempt."""
        claimed: list[Claimed] = []
        async with self._database.transaction() as connection:
            ids = [row["id"] for row in await connection.fetch(LOCK_DUE, channel, most)]
            for row in await connection.fetch(READ_DUE, ids) if ids else ():
                due = read_due(row)
                message = await self._settle(connection, due, self._prepare(due))
                if message is not None:
                    claimed.append(message)
            if claimed and is_on():
                traces = {row["id"]: row["trace"] for row in await connection.fetch(_TRACES, ids)}
                claimed = [replace(one, trace=traces.get(one.notification_id)) for one in claimed]
            next_due = await connection.fetchval(_NEXT_DUE, channel) if len(ids) < most else 0.0
        return Round(claimed, len(ids), next_due)

    async def revive(self, channel: str) -> None:
        """Make due what waited for an address that has come since."""
        async with self._database.transaction() as connection:
            await connection.execute(_REVIVE, channel)

    async def lag_seconds(self, channel: str) -> float | None:
        """Return for how long the oldest row that is due on a channel has been, or None where none is."""
        async with self._database.transaction(readonly=True) as connection:
            seconds: float | None = await connection.fetchval(_LAG, channel)
        return seconds

    async def _settle(self, connection: Connection, due: Due, verdict: Verdict) -> Claimed | None:
        """Write one verdict; a datum that Postgres refuses fails that notification and none of its neighbours."""
        try:
            async with connection.transaction():
                return await self._write(connection, due, verdict)
        except Exception as error:  # translate tells a refused datum from all that is raised again
            if not isinstance(translate(error), DataError):
                raise
        await self._write(connection, due, Fail("unstorable"))
        return None

    async def _write(self, connection: Connection, due: Due, verdict: Verdict) -> Claimed | None:
        id = due.notification.id
        if not isinstance(verdict, Message):
            await self._rest(connection, due, verdict)
            return None
        message = verdict
        await connection.execute(
            _WRITE, id, message.recipient, message.language, message.subject, message.text, message.html
        )
        if not due.notification.live:
            await connection.execute(_SIMULATE, id)
            await _tell(connection, due, "simulated")
            return None
        # A try that its notifier did not live to finish says nothing about the message: this one stands in its place.
        attempts = due.notification.attempts + (due.notification.state != "sending")
        attempt = uuid7()
        await connection.execute(_CLAIM, id, attempt, self._lease_seconds, attempts)
        return Claimed(
            message=message,
            notification_id=id,
            attempt_id=attempt,
            attempts=attempts,
            lag_seconds=due.lag_seconds,
        )

    async def _rest(self, connection: Connection, due: Due, verdict: Cancel | Fail | Wait) -> None:
        match verdict:
            case Wait(state, reason, until):
                await connection.execute(_REST, due.notification.id, state, reason, until)
            case Cancel(reason):
                await connection.execute(_REST, due.notification.id, "cancelled", reason, None)
            case Fail(reason):
                await connection.execute(_REST, due.notification.id, "failed", reason, None)
                await _tell(connection, due, "failed")
        NOT_SENT.labels(due.notification.channel, verdict.reason).inc()
        log.info("notification.not_sent", notification=str(due.notification.id), reason=verdict.reason)


async def _tell(connection: Connection, due: Due, state: FinalState) -> None:
    event = settled_event(due.notification, due.order, state, due.now)
    await add_to_outbox(connection, [(event, due.notification.order_id)])
