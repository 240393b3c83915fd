"""What WhatsApp tells of messages that it took, applied to their notifications: only forward, and once.

Statuses come in any order, again and again, and before the notifier that sent the message has recorded it. So each is
kept by the console, and applied here under the lock of its notification. What nobody knows is looked at again for a
while, and then dropped.
"""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

from services.notifier.channels.whatsapp.meaning import OPTED_OUT, reason_of_failure
from services.notifier.decision import takes_over
from services.notifier.events import FinalState, settled_event
from services.notifier.fallbacks import plan_instead, suppress
from services.notifier.rows import READ_DUE, read_due
from shared.database import Connection, Database, Row
from shared.outbox import add_to_outbox

BATCH: Final = 100

# A message is recorded within seconds of being taken, or, where its notifier died, never: then it is known by our id.
_TAKE: Final = """
SELECT account_id, reference, status, notification_id, code, title,
    received_at < now() - interval '2 minutes' AS is_old
FROM whatsapp_statuses WHERE due_at <= now()
ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_LOCK: Final = """
SELECT n.id, n.account_id, n.message_id, n.reference, n.state FROM notifications AS n
WHERE n.channel = 'whatsapp' AND n.id IN (
    SELECT m.id FROM notifications AS m JOIN unnest($1::uuid[], $2::text[]) AS told (account, reference)
        ON m.account_id = told.account AND m.reference = told.reference
    UNION
    SELECT m.id FROM notifications AS m JOIN unnest($1::uuid[], $3::uuid[]) AS told (account, message)
        ON m.account_id = told.account AND m.message_id = told.message
)
ORDER BY n.id FOR UPDATE
"""
_DROP: Final = """
DELETE FROM whatsapp_statuses AS s USING unnest($1::uuid[], $2::text[], $3::text[]) AS done (account, reference, status)
WHERE s.account_id = done.account AND s.reference = done.reference AND s.status = done.status
"""
_LATER: Final = """
UPDATE whatsapp_statuses AS s SET due_at = now() + interval '15 seconds'
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS later (account, reference, status)
WHERE s.account_id = later.account AND s.reference = later.reference AND s.status = later.status
"""
_ADVANCE: Final = """
WITH taken AS (
    UPDATE attempts SET finished_at = now(), outcome = CASE $2 WHEN 'failed' THEN 'failed' ELSE 'sent' END,
        response = coalesce($3, 'WhatsApp told that it has the message')
    WHERE notification_id = ANY ($1) AND finished_at IS NULL
)
UPDATE notifications SET state = $2, claimed_until = NULL, reference = coalesce(reference, $4),
    reason = coalesce($3, CASE WHEN reason = 'sent_with' THEN reason END),
    sent_at = CASE WHEN $2 = 'failed' THEN sent_at ELSE coalesce(sent_at, now()) END
WHERE id = ANY ($1)
"""
_NEXT: Final = "SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 FROM whatsapp_statuses"

State = Literal["sent", "delivered", "failed"]
_ORDER: Final[dict[str, int]] = {"sent": 0, "delivered": 1, "failed": 2}
_OPEN: Final = ("planned", "held", "waiting", "sending")


class Applied(Struct, frozen=True):
    """What one look did: how many statuses it took, how many notifications they moved, the seconds until the next."""

    found: int
    moved: int
    next_due_seconds: float | None


def is_forward(state: str, status: str, *, is_of_another_try: bool = False) -> bool:
    """Tell whether a status moves a notification on from its state; pure.

    What was delivered stays delivered. A failure of another try than the one that is recorded says nothing.
    """
    if state in _OPEN:
        return not (status == "failed" and is_of_another_try)
    if state == "sent":
        return status == "delivered" or (status == "failed" and not is_of_another_try)
    return False


class StatusUpdates:
    """Applies what has come; any number of notifiers may do so at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self) -> Applied:
        """Apply a batch in one transaction."""
        async with self._database.transaction() as connection:
            told = sorted(await connection.fetch(_TAKE, BATCH), key=lambda row: _ORDER[row["status"]])
            moved = 0
            if told:
                moved = await self._apply(connection, told)
            next_due = await connection.fetchval(_NEXT) if len(told) < BATCH else 0.0
        return Applied(len(told), moved, next_due)

    async def _apply(self, connection: Connection, told: Sequence[Row]) -> int:
        notifications = await connection.fetch(
            _LOCK,
            [row["account_id"] for row in told],
            [row["reference"] for row in told],
            [row["notification_id"] for row in told],
        )
        states: dict[UUID, str] = {row["id"]: row["state"] for row in notifications}
        done, later, moved = [], [], 0
        for status in told:
            about = [row for row in notifications if _is_about(status, row)]
            if not about and not status["is_old"]:
                later.append(status)
                continue
            done.append(status)
            ids = [row["id"] for row in about if _moves(status, states[row["id"]], row["reference"])]
            if ids:
                await _advance(connection, ids, status, [states[id] for id in ids])
                states |= dict.fromkeys(ids, status["status"])
                moved += len(ids)
        await connection.execute(_DROP, *_names(done))
        await connection.execute(_LATER, *_names(later))
        return moved


def _is_about(status: Row, notification: Row) -> bool:
    if status["account_id"] != notification["account_id"]:
        return False
    if notification["reference"] == status["reference"]:
        return True
    return status["notification_id"] is not None and notification["message_id"] == status["notification_id"]


def _moves(status: Row, state: str, reference: str | None) -> bool:
    is_of_another_try = reference is not None and reference != status["reference"]
    return is_forward(state, status["status"], is_of_another_try=is_of_another_try)


async def _advance(connection: Connection, ids: Sequence[UUID], status: Row, before: Sequence[str]) -> None:
    state: State = status["status"]
    reason = reason_of_failure(status["code"], status["title"] or "") if state == "failed" else None
    await connection.execute(_ADVANCE, ids, state, reason, status["reference"])
    dues = [read_due(row) for row in await connection.fetch(READ_DUE, ids)]
    if state == "failed":
        if status["code"] == OPTED_OUT:
            await suppress(connection, ids[0])
        if takes_over(dues[0]):
            await plan_instead(connection, ids)
    # Of what was handed over as usual, the event has been told.
    untold = {id for id, old in zip(ids, before, strict=True) if state == "failed" or old != "sent"}
    final: FinalState = "failed" if state == "failed" else "sent"
    events = [
        (settled_event(due.notification, due.order, final, due.now), due.notification.order_id)
        for due in dues
        if due.notification.id in untold
    ]
    await add_to_outbox(connection, events)


def _names(rows: Sequence[Row]) -> tuple[list[UUID], list[str], list[str]]:
    return (
        [row["account_id"] for row in rows],
        [row["reference"] for row in rows],
        [row["status"] for row in rows],
    )
