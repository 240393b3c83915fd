"""How a delivery attempt ends: the attempt, its notification and the event that tells of it, in one transaction."""

from typing import Final

from services.notifier.events import FinalState, settled_event
from services.notifier.fallbacks import plan_instead, suppress
from services.notifier.message import Claimed
from services.notifier.outcome import Result
from services.notifier.rows import READ_DUE, read_due
from shared.database import Database
from shared.messages.formats import show_text
from shared.outbox import add_to_outbox

# In the order of ids: what leaves together is finished together.
_LOCK: Final = "SELECT recipient IS NULL AS is_erased FROM notifications WHERE id = ANY ($1) ORDER BY id FOR UPDATE"

_FINISH_ATTEMPT: Final = """
UPDATE attempts SET finished_at = now(), outcome = $2, response = $3 WHERE id = $1 AND finished_at IS NULL RETURNING id
"""

_FORGET_ATTEMPT: Final = "DELETE FROM attempts WHERE id = $1 AND finished_at IS NULL RETURNING id"

_UNDO_COUNT: Final = "UPDATE notifications SET attempts = attempts - 1 WHERE id = ANY ($1)"

_FINISH: Final = """
UPDATE notifications SET
    state = $2, claimed_until = NULL,
    reason = CASE WHEN $2 = 'sent' AND id <> $5 THEN 'sent_with' ELSE $3 END,
    due_at = CASE WHEN $2 = 'planned' THEN now() + make_interval(secs => $4) ELSE due_at END,
    sent_at = CASE WHEN $2 = 'sent' THEN now() END,
    reference = coalesce($6, reference)
WHERE id = ANY ($1)
"""

LONGEST_RESPONSE: Final = 500


class Attempts:
    """Ends attempts; one that was taken over meanwhile (its claim had run out) changes nothing any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def finish(self, claimed: Claimed, result: Result) -> bool:
        """Record a result; return False where another notifier has taken the notification over."""
        ids = [claimed.notification_id, *claimed.also]
        response: str | None = show_text(result.response)[:LONGEST_RESPONSE]
        reference = result.reference
        async with self._database.transaction() as connection:
            locked = await connection.fetch(_LOCK, ids)
            if any(row["is_erased"] for row in locked):
                # The person was erased meanwhile: the server's words name the address, and WhatsApp's id the number.
                response = reference = None
            if result.counts:
                ended = await connection.fetchval(_FINISH_ATTEMPT, claimed.attempt_id, result.attempt, response)
            else:
                ended = await connection.fetchval(_FORGET_ATTEMPT, claimed.attempt_id)
            if ended is None:
                return False
            if not result.counts:
                await connection.execute(_UNDO_COUNT, ids)
            reason = None if result.state == "sent" else response
            await connection.execute(
                _FINISH, ids, result.state, reason, result.pause_seconds, claimed.notification_id, reference
            )
            if result.opted_out:
                await suppress(connection, claimed.notification_id)
            if result.elsewhere:
                await plan_instead(connection, ids)
            if result.state != "planned":
                state: FinalState = result.state
                dues = [read_due(row) for row in await connection.fetch(READ_DUE, ids)]
                events = [
                    (settled_event(due.notification, due.order, state, due.now), due.notification.order_id)
                    for due in dues
                ]
                await add_to_outbox(connection, events)
        return True
