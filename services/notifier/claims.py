"""What has fallen due, claimed: each row locked, its order read again, decided and written in one transaction.

All times are Postgres's, so that notifiers on several hosts agree on what is due. Nothing here waits for a lock, so no
two notifiers ever wait for each other. Reminders are taken by client: whoever holds a client's lock sees all that the
client is to be reminded of, and what it was reminded of today.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from services.notifier.decision import Cancel, Decision, Fail, HandOver, Send, Wait, takes_over
from services.notifier.due import Due
from services.notifier.events import FinalState, settled_event
from services.notifier.fallbacks import plan_instead
from services.notifier.gathering import Gathered, Rest, Together, gather
from services.notifier.locks import hold_all, lock_confirmations, lock_reminders, next_due
from services.notifier.message import Claimed, Message
from services.notifier.rows import READ_DUE, read_due
from services.notifier.turns import Turns
from shared.database import Connection, Database, translate
from shared.errors import DataError
from shared.messages.images import embed
from shared.metrics import NOT_SENT
from shared.outbox import add_to_outbox
from shared.telemetry import log
from shared.traces import is_on

# Served by the index of what is due.
_LAG: Final = """
SELECT extract(epoch FROM clock_timestamp() - due_at)::float8 FROM notifications
WHERE channel = $1 AND state IN ('planned', 'held', 'waiting', 'sending') AND due_at <= now() ORDER BY due_at LIMIT 1
"""

_REST: Final = """
WITH abandoned AS (
    UPDATE attempts SET finished_at = now(), outcome = 'retry', response = 'the notifier that tried did not finish'
    WHERE notification_id = $1 AND finished_at IS NULL
)
UPDATE notifications SET state = $2, reason = $3, due_at = coalesce($4, due_at), client = $5, claimed_until = NULL
WHERE id = $1
"""

# The lead keeps the message; the others name it by its id.
_WRITE: Final = """
UPDATE notifications SET
    state = CASE WHEN livemode THEN 'sending' ELSE 'simulated' END,
    reason = CASE WHEN id <> $2 AND NOT livemode THEN 'sent_with' END,
    message_id = $3, client = $4, day = CASE WHEN kind = 'reminder' THEN $5::date END,
    recipient = $6, language = $7, subject = $8,
    text_body = CASE WHEN id = $2 THEN $9 END, html_body = CASE WHEN id = $2 THEN $10 END,
    attempts = $11,
    claimed_until = CASE WHEN livemode THEN now() + make_interval(secs => $12) END,
    sent_at = CASE WHEN livemode THEN NULL ELSE now() END
WHERE id = ANY ($1)
"""
_ATTEMPT: Final = """
WITH abandoned AS (
    UPDATE attempts SET finished_at = now(), outcome = 'retry', response = 'the notifier that tried did not finish'
    WHERE notification_id = ANY ($3) AND finished_at IS NULL
)
INSERT INTO attempts (id, notification_id, account_id, livemode, started_at)
SELECT $1, id, account_id, livemode, now() FROM notifications WHERE id = $2
"""

_TRACES: Final = "SELECT id, trace FROM notifications WHERE id = ANY($1::uuid[]) AND trace IS NOT NULL"

# The client's address came in a later submission, or one at which another channel takes over.
_REVIVE: Final = """
UPDATE notifications SET state = 'planned', reason = NULL, due_at = now() WHERE id IN (
    SELECT n.id FROM notifications n JOIN orders o ON o.id = n.order_id
    LEFT JOIN settings s ON s.account_id = n.account_id
    WHERE n.channel = $1 AND n.state = 'waiting' AND n.reason = 'no_address'
      AND CASE
          WHEN n.channel = 'email' OR s.document->'channels'->>'email' IS DISTINCT FROM 'false'
          THEN coalesce(o.customer_email, CASE n.channel WHEN 'whatsapp' THEN o.customer_phone END)
          WHEN n.channel = 'whatsapp' THEN o.customer_phone
      END IS NOT NULL
    FOR UPDATE OF n SKIP LOCKED
)
"""

# Of each client of whom something is due: which messages have taken up the day.
_TAKEN: Final = """
SELECT DISTINCT n.client, n.message_id FROM notifications n
JOIN unnest($1::uuid[], $2::date[]) AS today(client, day) ON n.client = today.client AND n.day = today.day
WHERE n.kind = 'reminder' AND n.state <> 'cancelled'
"""


class Prepares(Protocol):
    """Decides about what is due and renders what is to leave; neither waits nor raises."""

    def decide(self, due: Due) -> Decision:
        """Return what to do with one notification."""
        ...

    def render(self, message: Together) -> Message | None:
        """Return a message, or None where its orders cannot be shown."""
        ...


class Round(Struct, frozen=True):
    """What one look found: messages to send, how many rows were due, the seconds until the next is (None: none)."""

    claimed: list[Claimed]
    found: int
    next_due_seconds: float | None


class Claims:
    """Claims what is due on a channel, so that no two notifiers ever hold the same row.

    `is_behind` tells that submissions older than a few seconds are still unprocessed: nothing is decided meanwhile,
    since the orders in Postgres are not what their senders have said.
    """

    def __init__(
        self,
        database: Database,
        preparation: Prepares,
        *,
        lease_seconds: float,
        settle_seconds: float,
        is_behind: Callable[[], bool],
    ) -> None:
        self._database = database
        self._preparation = preparation
        self._lease_seconds = lease_seconds
        self._settle_seconds = settle_seconds
        self._is_behind = is_behind
        self._turns = Turns()

    async def claim(self, channel: str, most: int, resting: Sequence[UUID] = ()) -> Round:
        """Claim up to `most` messages, none of a resting account's.

        On return, what is to be sent is committed as `sending`, with its attempt.
        """
        async with self._database.transaction() as connection:
            if self._is_behind():
                return Round([], 0, await hold_all(connection, channel))
            turns = await self._turns.pick(connection, channel, "confirmation", most, resting)
            confirmations = await lock_confirmations(connection, channel, most, resting, turns)
            claimed = await self._claim_confirmations(connection, confirmations)
            found = len(confirmations)
            if found < most:
                turns = await self._turns.pick(connection, channel, "reminder", most - found, resting)
                reminders = await lock_reminders(connection, channel, most - found, resting, turns)
                claimed += await self._claim_reminders(connection, reminders.ids)
                found += reminders.found
            if claimed and is_on():
                ids = [one.notification_id for one in claimed]
                traces = {row["id"]: row["trace"] for row in await connection.fetch(_TRACES, ids)}
                claimed = [replace(one, trace=traces.get(one.notification_id)) for one in claimed]
            seconds = await next_due(connection, channel, resting) if found < most else 0.0
        return Round(claimed, found, seconds)

    async def revive(self, channel: str) -> None:
        """Make due what waited for an address that has come since."""
        async with self._database.transaction() as connection:
            await connection.execute(_REVIVE, channel)

    async def lag_seconds(self, channel: str) -> float | None:
        """Return for how long the oldest row that is due on a channel has been, or None where none is."""
        async with self._database.transaction(readonly=True) as connection:
            seconds: float | None = await connection.fetchval(_LAG, channel)
        return seconds

    async def _read(self, connection: Connection, ids: Sequence[UUID]) -> list[Due]:
        rows = await connection.fetch(READ_DUE, ids) if ids else ()
        return [read_due(row, self._settle_seconds) for row in rows]

    async def _claim_confirmations(self, connection: Connection, ids: Sequence[UUID]) -> list[Claimed]:
        gathered = Gathered([], [])
        for due in await self._read(connection, ids):
            decision = self._preparation.decide(due)
            if isinstance(decision, Send):
                gathered.messages.append(Together(due.notification.id, (due,)))
            else:
                gathered.rest.append((due, decision))
        return await self._settle(connection, gathered)

    async def _claim_reminders(self, connection: Connection, ids: dict[UUID, UUID]) -> list[Claimed]:
        """Claim locked reminders, each under its client's key; one whose client has changed since waits a round."""
        clients: dict[UUID, list[Due]] = {}
        for due in await self._read(connection, list(ids)):
            key = due.client or due.notification.order_id
            if key == ids[due.notification.id]:
                clients.setdefault(key, []).append(due)
        days = {client: dues[0].today for client, dues in clients.items()}
        taken: dict[UUID, set[UUID]] = {}
        for row in await connection.fetch(_TAKEN, list(days), list(days.values())) if days else ():
            taken.setdefault(row["client"], set()).add(row["message_id"])
        claimed: list[Claimed] = []
        for client, dues in clients.items():
            decided = [(due, self._preparation.decide(due)) for due in dues]
            soon = [_rests_at(due, decision) for due, decision in decided if due.lag_seconds < 0]
            now = [(due, decision) for due, decision in decided if due.lag_seconds >= 0]
            gathered = gather(now, [at for at in soon if at is not None], frozenset(taken.get(client, ())))
            claimed += await self._settle(connection, gathered)
        return claimed

    async def _settle(self, connection: Connection, gathered: Gathered) -> list[Claimed]:
        """Write what becomes of each; a datum that Postgres refuses fails that message and none of its neighbours."""
        claimed: list[Claimed] = []
        rest = list(gathered.rest)
        for together in gathered.messages:
            for part in self._renderable(together, rest):
                try:
                    async with connection.transaction():
                        taken = await self._take(connection, *part)
                except Exception as error:  # translate tells a refused datum from all that is raised again
                    if not isinstance(translate(error), DataError):
                        raise
                    rest += [(due, Fail("unstorable")) for due in part[0].members]
                else:
                    claimed += taken
        for due, verdict in rest:
            await self._rest(connection, due, verdict)
        return claimed

    def _renderable(self, together: Together, rest: list[Rest]) -> list[tuple[Together, Message]]:
        """Return the message with what can be shown of it; an order that cannot must not keep the others back."""
        message = self._preparation.render(together)
        if message is not None:
            return [(together, message)]
        shown = [due for due in together.members if self._preparation.render(Together(together.message_id, (due,)))]
        rest += [(due, Fail("unrenderable")) for due in together.members if due not in shown]
        part = Together(together.message_id, tuple(shown))
        message = self._preparation.render(part) if shown else None
        return [] if message is None else [(part, message)]

    async def _take(self, connection: Connection, together: Together, message: Message) -> list[Claimed]:
        lead = together.members[0]
        ids = [due.notification.id for due in together.members]
        # A try that its notifier did not live to finish says nothing about the message: this one stands in its place.
        attempts = max(due.notification.attempts + (due.notification.state != "sending") for due in together.members)
        await connection.execute(
            _WRITE,
            ids,
            lead.notification.id,
            together.message_id,
            lead.client,
            lead.today,
            message.recipient,
            message.language,
            message.subject,
            message.text,
            # Kept with its images: a `cid:` means nothing outside of the e-mail.
            embed(message.html, message.images) or None,
            attempts if lead.notification.live else 0,
            self._lease_seconds,
        )
        if not lead.notification.live:
            await _tell(connection, together.members, "simulated")
            return []
        attempt = uuid7()
        await connection.execute(_ATTEMPT, attempt, lead.notification.id, ids)
        return [
            Claimed(
                message=message,
                notification_id=lead.notification.id,
                attempt_id=attempt,
                attempts=attempts,
                lag_seconds=lead.lag_seconds,
                also=tuple(ids[1:]),
                elsewhere=takes_over(lead),
            )
        ]

    async def _rest(self, connection: Connection, due: Due, verdict: Cancel | Fail | HandOver | Wait) -> None:
        id = due.notification.id
        match verdict:
            case Wait(state, reason, until):
                await connection.execute(_REST, id, state, reason, until, due.client)
            case Cancel(reason):
                await connection.execute(_REST, id, "cancelled", reason, None, due.client)
            case HandOver(reason):
                await connection.execute(_REST, id, "cancelled", reason, None, due.client)
                await plan_instead(connection, [id])
            case Fail(reason):
                await connection.execute(_REST, id, "failed", reason, None, due.client)
                await _tell(connection, (due,), "failed")
        NOT_SENT.labels(due.notification.channel, verdict.reason).inc()
        log.info("notification.not_sent", notification=str(id), reason=verdict.reason)


def _rests_at(due: Due, decision: Decision) -> datetime | None:
    """Return when a reminder that is not due yet will have come to rest; None where it will not leave then."""
    match decision:
        case Send():
            return due.notification.due_at
        case Wait(_, "settling", until):
            return max(until, due.notification.due_at)
        case _:
            return None


async def _tell(connection: Connection, dues: Sequence[Due], state: FinalState) -> None:
    events = [(settled_event(due.notification, due.order, state, due.now), due.notification.order_id) for due in dues]
    await add_to_outbox(connection, events)
