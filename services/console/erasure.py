"""Taking a person out of what waits: events that are to be published (again), and failures that may be replayed.

Events that were sent leave with the outbox's retention.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from shared.contracts import Event, Submission, SubmissionBatch
from shared.database import Connection
from shared.errors import UNREADABLE
from shared.failures import ERASED
from shared.keys import ApiKey
from shared.orders.personal import PERSONAL

# What some queue did not confirm counts as sent, and leaves again as it stands there.
_OUTBOX: Final = """
UPDATE outbox SET body = convert_to(jsonb_set(event, '{data,order}', event #> '{data,order}'
    || '{"customerEmail": null, "customerName": null, "customerPhone": null}')::text, 'UTF8')
FROM (
    SELECT id AS event_id, created_at AS written_at, convert_from(body, 'UTF8')::jsonb AS event FROM outbox
    WHERE sent_at IS NULL AND account_id = $1 AND livemode = $2 AND order_id = ANY($3::uuid[])
    UNION ALL
    SELECT o.id, o.created_at, convert_from(o.body, 'UTF8')::jsonb
    FROM unconfirmed_events AS u JOIN outbox AS o ON o.created_at = u.event_created_at AND o.id = u.event_id
    WHERE o.account_id = $1 AND o.livemode = $2 AND o.order_id = ANY($3::uuid[])
) AS found
WHERE id = event_id AND created_at = written_at AND event #> '{data,order}' ? 'customerEmail'
"""
# Whole messages are set aside without an account: they may hold orders of several.
_FAILURES: Final = """
SELECT id, body, mended FROM failures WHERE (account_id = $1 AND livemode = $2) OR account_id IS NULL
ORDER BY id FOR UPDATE
"""
# What went wrong may quote the person; its cause, a word of ours, stays. A replay that is under way has read what the
# person was in: it counts for nothing, and is made again with what is left.
_REPLACE: Final = """
UPDATE failures SET body = $2, mended = $3, reason = $4, replay_claimed_until = NULL WHERE id = $1
"""

_decode_batch: Final = msgspec.msgpack.Decoder(SubmissionBatch).decode
_decode_event: Final = msgspec.json.Decoder(Event).decode


class Person(msgspec.Struct, frozen=True):
    """Who is to be erased: an address, and all orders that have or had it, in one account and world."""

    account: UUID
    live: bool
    email: str
    orders: frozenset[UUID]

    def is_in(self, account: UUID, live: bool, order_id: UUID, address: object) -> bool:
        """Tell whether what is said of an order is said of this person."""
        is_theirs = isinstance(address, str) and address.lower() == self.email.lower()
        return (account, live) == (self.account, self.live) and (is_theirs or order_id in self.orders)


async def erase_from_outbox(connection: Connection, key: ApiKey, orders: Sequence[UUID]) -> None:
    """Erase persons from the events of some orders that have not been sent, or not been confirmed."""
    await connection.execute(_OUTBOX, key.account, key.live, orders)


async def erase_from_failures(connection: Connection, person: Person) -> int:
    """Erase a person from what was set aside; return from how many failures."""
    erased = 0
    async for row in connection.cursor(_FAILURES, person.account, person.live, prefetch=20):
        body, mended = row["body"], row["mended"]
        body_left = erased_body(body, person)
        mended_left = None if mended is None else erased_body(mended, person)
        if (body_left, mended_left) != (None, None):
            await connection.execute(_REPLACE, row["id"], body_left or body, mended_left or mended, ERASED)
            erased += 1
    return erased


def erased_body(body: bytes, person: Person) -> bytes | None:
    """Return what is left of a message without the person, or None where the person is not in it."""
    try:
        batch = _decode_batch(body)
    except UNREADABLE:
        return _erased_event(body, person)
    submissions = [_erased(submission, person) for submission in batch.submissions]
    if submissions == batch.submissions:
        return None
    return msgspec.msgpack.encode(SubmissionBatch(submissions))


def _erased(submission: Submission, person: Person) -> Submission:
    sets = submission.content.sets
    if not person.is_in(submission.account, submission.live, submission.order_id, sets.get("customerEmail")):
        return submission
    kept = {name: value for name, value in sets.items() if name not in PERSONAL}
    clears = tuple(sorted({*submission.content.clears, *(sets.keys() & set(PERSONAL))}))
    return replace(submission, content=replace(submission.content, sets=kept, clears=clears))


def _erased_event(body: bytes, person: Person) -> bytes | None:
    try:
        event = _decode_event(body)
        order = msgspec.convert(event.data.get("order"), dict[str, Any])
        order_id = UUID(order.get("id"))
    except (*UNREADABLE, ValueError, TypeError, AttributeError):
        return None
    if not person.is_in(event.account, event.livemode, order_id, order.get("customerEmail")):
        return None
    left = {name: None if name in PERSONAL else value for name, value in order.items()}
    return None if left == order else msgspec.json.encode(replace(event, data={**event.data, "order": left}))
