"""Taking a person out of what waits: events not sent yet, and failures that may be replayed.

Events that were sent leave with the outbox's retention.
"""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from shared.contracts import Submission, SubmissionBatch
from shared.database import Connection
from shared.keys import ApiKey

PERSONAL: Final = ("customerEmail", "customerName", "customerPhone")
"""The fields of an order that say who somebody is."""

_OUTBOX: Final = """
UPDATE outbox SET body = convert_to(jsonb_set(event, '{data,order}', event #> '{data,order}'
    || '{"customerEmail": null, "customerName": null, "customerPhone": null}')::text, 'UTF8')
FROM (
    SELECT id AS event_id, created_at AS written_at, convert_from(body, 'UTF8')::jsonb AS event FROM outbox
    WHERE sent_at IS NULL AND account_id = $1 AND livemode = $2 AND order_id = ANY($3::uuid[])
) AS found
WHERE id = event_id AND created_at = written_at AND event #> '{data,order}' ? 'customerEmail'
"""
_FAILURES: Final = """
SELECT id, order_id, body FROM failures WHERE account_id = $1 AND livemode = $2 ORDER BY id FOR UPDATE
"""
_REPLACE: Final = "UPDATE failures SET body = $3 WHERE account_id = $1 AND id = $2"

_decode: Final = msgspec.msgpack.Decoder(SubmissionBatch).decode


async def erase_from_outbox(connection: Connection, key: ApiKey, orders: Sequence[UUID]) -> None:
    """Erase persons from the events of some orders that have not been sent."""
    await connection.execute(_OUTBOX, key.account, key.live, orders)


async def erase_from_failures(connection: Connection, key: ApiKey, orders: Collection[UUID], email: str) -> int:
    """Erase a person from what was set aside for some orders, or with this address; return from how many failures."""
    erased = 0
    of = frozenset(orders)
    async for row in connection.cursor(_FAILURES, key.account, key.live, prefetch=20):
        body = erased_body(row["body"], of, email) if row["order_id"] is not None else None
        if body is not None:
            await connection.execute(_REPLACE, key.account, row["id"], body)
            erased += 1
    return erased


def erased_body(body: bytes, orders: Collection[UUID], email: str) -> bytes | None:
    """Return what is left of a failure's message without the person, or None where the person is not in it."""
    try:
        batch = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    submissions = [_erased(submission, orders, email) for submission in batch.submissions]
    if submissions == batch.submissions:
        return None
    return msgspec.msgpack.encode(SubmissionBatch(submissions))


def _erased(submission: Submission, orders: Collection[UUID], email: str) -> Submission:
    sets = submission.content.sets
    address = sets.get("customerEmail")
    if submission.order_id not in orders and (not isinstance(address, str) or address.lower() != email.lower()):
        return submission
    kept = {name: value for name, value in sets.items() if name not in PERSONAL}
    clears = tuple(sorted({*submission.content.clears, *(sets.keys() & set(PERSONAL))}))
    return replace(submission, content=replace(submission.content, sets=kept, clears=clears))
