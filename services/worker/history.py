"""The table `submissions`: every order's history, immutable but for marks, a lower version, and an erased person."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from services.worker.merge import Twin, Verdict
from shared.contracts import Submission
from shared.database import Connection, Row, unless_empty
from shared.errors import HistoryTooLong
from shared.fold import Entry, Mark
from shared.orders.content import Content

_INSERT: Final = """
INSERT INTO submissions (id, order_id, account_id, livemode, platform, order_number, version, state, duplicate_of,
    reason, sets, clears, occurred_at, fingerprint, keyed, marks, api_key_id, received_at, settled_at)
SELECT n.id, n.order_id, n.account_id, n.livemode, n.platform, n.order_number, n.version, n.state, n.duplicate_of,
    n.reason, n.sets::jsonb, string_to_array(n.clears, ','),
    'epoch'::timestamptz + n.occurred_at * interval '1 microsecond', n.fingerprint, n.keyed, n.marks, n.api_key_id,
    'epoch'::timestamptz + n.received_at * interval '1 microsecond', now()
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[], $5::text[], $6::text[], $7::bigint[], $8::text[],
    $9::uuid[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bytea[], $15::boolean[], $16::smallint[],
    $17::uuid[], $18::bigint[])
    AS n(id, order_id, account_id, livemode, platform, order_number, version, state, duplicate_of, reason, sets,
        clears, occurred_at, fingerprint, keyed, marks, api_key_id, received_at)
"""

_FIND: Final = """
SELECT id, order_id, version, (extract(epoch FROM received_at) * 1000000)::bigint AS received_at, state, duplicate_of,
    reason
FROM submissions WHERE id = ANY($1::uuid[])
"""

# What the newest equal one repeats may have lost its key since; then the equal one stands for itself.
_TWINS: Final = """
SELECT w.order_id, w.fingerprint, twin.version, twin.original
FROM unnest($1::uuid[], $2::bytea[]) AS w(order_id, fingerprint)
CROSS JOIN LATERAL (
    SELECT s.version, coalesce(
        (SELECT o.id FROM submissions AS o WHERE o.id = s.duplicate_of AND o.state <> 'rejected'), s.id) AS original
    FROM submissions AS s
    WHERE s.order_id = w.order_id AND s.fingerprint = w.fingerprint AND s.state <> 'rejected'
    ORDER BY s.version DESC, s.id DESC LIMIT 1
) AS twin
"""

_HISTORY: Final = """
SELECT id, order_id, version, sets::text, clears, fingerprint, keyed, marks,
    (extract(epoch FROM occurred_at) * 1000000)::bigint AS occurred_at,
    (extract(epoch FROM received_at) * 1000000)::bigint AS received_at,
    (extract(epoch FROM settled_at) * 1000000)::bigint AS settled_at
FROM submissions WHERE order_id = ANY($1::uuid[]) AND state <> 'rejected'
"""

# Of the index alone, and no further than it must.
_TOO_LONG: Final = """
SELECT wanted.id FROM unnest($1::uuid[]) AS wanted(id)
WHERE (SELECT count(*) FROM (SELECT FROM submissions WHERE order_id = wanted.id LIMIT $2 + 1) AS counted) > $2 LIMIT 1
"""
MOST_ENTRIES: Final = 50_000
"""Of one order: folding it takes a second or two, on a busy machine five, and meanwhile no heartbeat is answered."""
MOST_BYTES: Final = 128 * 1024 * 1024
"""Of all that one transaction reads, in memory."""
_ENTRY_BYTES: Final = 1024
_FETCHED_ROWS: Final = 200

_MARK: Final = """
UPDATE submissions AS s SET marks = n.marks FROM unnest($1::uuid[], $2::smallint[]) AS n(id, marks) WHERE s.id = n.id
"""

# Of two copies of one submission the lower version counts; what it was received as goes with it.
_LOWER: Final = """
UPDATE submissions AS s
SET version = n.version, received_at = 'epoch'::timestamptz + n.received_at * interval '1 microsecond'
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS n(id, version, received_at)
WHERE s.id = n.id AND s.version >= n.version
"""

_REJECT: Final = "UPDATE submissions SET state = 'rejected', reason = $2 WHERE id = ANY($1::uuid[])"


_REVIVE: Final = "DELETE FROM submissions WHERE id = ANY($1::uuid[]) AND state = 'rejected' RETURNING id, marks"


class Found(msgspec.Struct, frozen=True):
    """A submission that is stored already."""

    order_id: UUID
    version: int
    received_at: int
    state: str
    duplicate_of: UUID | None
    reason: str | None


async def find(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Found]:
    """Return those of some submissions that are stored already."""
    if not ids:
        return {}
    rows = await connection.fetch(_FIND, ids)
    return {
        row["id"]: Found(
            row["order_id"], row["version"], row["received_at"], row["state"], row["duplicate_of"], row["reason"]
        )
        for row in rows
    }


async def read_twins(connection: Connection, submissions: Sequence[Submission]) -> dict[UUID, dict[bytes, Twin]]:
    """Return, by order and content, the newest stored submission of each content that `submissions` bring."""
    twins: dict[UUID, dict[bytes, Twin]] = defaultdict(dict)
    if submissions:
        orders = [submission.order_id for submission in submissions]
        fingerprints = [submission.fingerprint for submission in submissions]
        for row in await connection.fetch(_TWINS, orders, fingerprints):
            twins[row["order_id"]][row["fingerprint"]] = Twin(row["original"], row["version"])
    return twins


async def read_history(
    connection: Connection, orders: Sequence[UUID], *, most_entries: int | None = None
) -> dict[UUID, list[Entry]]:
    """Return the whole history of locked orders, without what was rejected.

    With `most_entries`, raise `HistoryTooLong` where an order has more, or all of them together fill the memory set
    aside: one account could else stop the workers of all with an order that it sends for ever.
    """
    history: dict[UUID, list[Entry]] = {order_id: [] for order_id in orders}
    if not orders:
        return history
    if most_entries is not None and await connection.fetchval(_TOO_LONG, orders, most_entries) is not None:
        raise HistoryTooLong(f"the order has more than {most_entries} submissions, and this one is not its newest")
    held = 0
    async for row in connection.cursor(_HISTORY, orders, prefetch=_FETCHED_ROWS):
        held += _ENTRY_BYTES + len(row["sets"])
        if most_entries is not None and held > MOST_BYTES:
            raise HistoryTooLong("the order's submissions are too large together, and this one is not its newest")
        history[row["order_id"]].append(_entry(row))
    return history


async def insert(connection: Connection, verdicts: Iterable[Verdict]) -> None:
    """Add settled submissions to the history."""
    rows = [_row(verdict) for verdict in verdicts]
    if rows:
        await connection.execute(_INSERT, *map(unless_empty, zip(*rows, strict=True)))


async def mark(connection: Connection, marks: Mapping[UUID, Mark]) -> None:
    """Note on stored submissions which events have been published for them."""
    if marks:
        await connection.execute(_MARK, list(marks), [int(mark) for mark in marks.values()])


async def lower(connection: Connection, copies: Sequence[Submission]) -> None:
    """Give stored submissions the lower version that a copy of them came with."""
    if copies:
        await connection.execute(
            _LOWER,
            [copy.id for copy in copies],
            [copy.version for copy in copies],
            [copy.received_at for copy in copies],
        )


async def reject(connection: Connection, ids: Sequence[UUID], reason: str) -> None:
    """Take stored submissions out of the fold."""
    if ids:
        await connection.execute(_REJECT, ids, reason)


async def revive(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Mark]:
    """Forget those that were rejected, to be settled anew (their key has become theirs); return their marks."""
    if not ids:
        return {}
    return {row["id"]: Mark(row["marks"]) for row in await connection.fetch(_REVIVE, ids)}


def _row(verdict: Verdict) -> tuple[Any, ...]:
    submission = verdict.submission
    content = submission.content
    return (
        submission.id,
        submission.order_id,
        submission.account,
        submission.live,
        submission.platform,
        submission.order_number,
        submission.version,
        verdict.outcome,
        verdict.duplicate_of,
        verdict.reason,
        msgspec.json.encode(content.sets).decode(),
        ",".join(content.clears),
        content.occurred_at,
        submission.fingerprint,
        submission.idempotency is not None,
        int(verdict.marks),
        submission.key,
        submission.received_at,
    )


def _entry(row: Row) -> Entry:
    content = Content(msgspec.json.decode(row["sets"]), tuple(row["clears"]), row["occurred_at"])
    return Entry(
        row["id"],
        row["version"],
        content,
        row["fingerprint"],
        row["keyed"],
        row["received_at"],
        row["settled_at"],
        Mark(row["marks"]),
    )
