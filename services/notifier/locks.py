"""Which rows are due, locked: confirmations one by one, reminders with all that their clients have to come.

No statement waits for another notifier: what it holds is left to it.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from services.notifier.rows import OPEN
from shared.clients import CLIENT
from shared.database import Connection

# A row whose claim has run out belonged to a notifier that died: it is taken again, with the same id, hence Message-ID.
IS_DUE: Final = f"""
    n.channel = $1 AND n.state IN {OPEN} AND n.due_at <= now()
    AND (n.claimed_until IS NULL OR n.claimed_until <= now())
"""
# What is of accounts that the channel does not serve at the moment stays where it is.
_CONFIRMATIONS: Final = f"""
SELECT n.id FROM notifications n WHERE n.id = ANY ($2) AND {IS_DUE} FOR UPDATE SKIP LOCKED
"""
# Where a turn brings less than asked for: what is left, oldest first.
_OLDEST: Final = f"""
SELECT n.id FROM notifications n
WHERE {IS_DUE} AND n.kind = $2 AND n.account_id <> ALL ($3::uuid[]) AND n.id <> ALL ($4::uuid[])
ORDER BY n.due_at LIMIT $5
"""
_CANDIDATES: Final = f"""
SELECT n.id, n.message_id, {CLIENT} AS client, n.order_id FROM notifications n LEFT JOIN orders o ON o.id = n.order_id
WHERE n.id = ANY ($2) AND {IS_DUE}
"""
# Until the transaction ends; the second argument keeps these numbers apart from other locks.
_TRY_CLIENTS: Final = """
SELECT key FROM unnest($1::uuid[]) AS key WHERE pg_try_advisory_xact_lock(hashtextextended(key::text, 7))
"""
_MOST_TOGETHER: Final = 1_000
_REMINDERS: Final = f"""
SELECT n.id, n.client, n.order_id FROM notifications n
WHERE n.id = ANY ($2) AND {IS_DUE}
FOR UPDATE SKIP LOCKED
"""
# Those of the same clients that are due, or will have come to rest in a moment; and what left with them before.
_FELLOWS: Final = f"""
SELECT n.id, n.client, n.message_id FROM notifications n
WHERE (n.client = ANY ($2) OR n.message_id = ANY ($3)) AND n.id <> ALL ($4)
    AND n.channel = $1 AND n.kind = 'reminder' AND n.state IN {OPEN}
    AND (n.claimed_until IS NULL OR n.claimed_until <= now())
    AND (n.due_at <= now()
        OR (n.state = 'planned' AND n.message_id IS NULL AND n.due_at <= now() + interval '1 minute'))
ORDER BY n.due_at LIMIT {_MOST_TOGETHER} FOR UPDATE SKIP LOCKED
"""
_NEXT_DUE: Final = f"""
SELECT extract(epoch FROM due_at - clock_timestamp())::float8 FROM notifications
WHERE channel = $1 AND state IN {OPEN} AND claimed_until IS NULL AND account_id <> ALL ($2::uuid[])
ORDER BY due_at LIMIT 1
"""
# Shown as held, and looked at again soon; a later look takes up what is beyond.
_HOLD: Final = f"""
UPDATE notifications SET state = 'held', reason = 'submissions_waiting', due_at = now() + interval '1 second'
WHERE id IN (
    SELECT n.id FROM notifications n WHERE {IS_DUE} AND n.state IN ('planned', 'held')
    ORDER BY n.due_at LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""


class Locked(Struct, frozen=True):
    """Reminders that are locked, each with its client's key (or its order's, where nobody is to be reached).

    `found` counts those that were due, also where another notifier has the client.
    """

    ids: dict[UUID, UUID]
    found: int


async def lock_confirmations(
    connection: Connection, channel: str, most: int, resting: Sequence[UUID], turns: Sequence[UUID]
) -> list[UUID]:
    """Lock up to `most` confirmations that are due: those whose turn it is, and what is left."""
    locked = [row["id"] for row in await connection.fetch(_CONFIRMATIONS, channel, turns)] if turns else []
    if len(locked) < most:
        left = f"{_OLDEST} FOR UPDATE SKIP LOCKED"
        rows = await connection.fetch(left, channel, "confirmation", resting, locked, most - len(locked))
        locked += [row["id"] for row in rows]
    return locked


async def lock_reminders(
    connection: Connection, channel: str, most: int, resting: Sequence[UUID], turns: Sequence[UUID]
) -> Locked:
    """Lock the clients of up to `most` reminders that are due, and all that is due for them."""
    ids = [*turns]
    if len(ids) < most:
        rows = await connection.fetch(_OLDEST, channel, "reminder", resting, ids, most - len(ids))
        ids += [row["id"] for row in rows]
    candidates = {row["id"]: row for row in await connection.fetch(_CANDIDATES, channel, ids)} if ids else {}
    if not candidates:
        return Locked({}, 0)
    keys = {id: row["client"] or row["order_id"] for id, row in candidates.items()}
    free = {row["key"] for row in await connection.fetch(_TRY_CLIENTS, sorted(set(keys.values())))}
    wanted = [id for id, key in keys.items() if key in free]
    locked = {row["id"]: keys[row["id"]] for row in await connection.fetch(_REMINDERS, channel, wanted)}
    messages = {candidates[id]["message_id"]: key for id, key in locked.items() if candidates[id]["message_id"]}
    fellows = await connection.fetch(_FELLOWS, channel, list(free), list(messages), list(locked))
    for row in fellows:
        locked[row["id"]] = messages.get(row["message_id"]) or row["client"]
    return Locked(locked, len(candidates))


async def next_due(connection: Connection, channel: str, resting: Sequence[UUID]) -> float | None:
    """Return in how many seconds the next row falls due, None where there is none."""
    seconds: float | None = await connection.fetchval(_NEXT_DUE, channel, resting)
    return seconds


async def hold_all(connection: Connection, channel: str) -> float:
    """Hold what is due for a second, and return the seconds until the next look."""
    await connection.execute(_HOLD, channel)
    return 1.0
