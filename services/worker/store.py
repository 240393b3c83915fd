"""The worker's transaction: a batch of submissions becomes history, orders and events, all or nothing.

The order of its steps is what keeps several workers from harming each other: claims of keys (by digest), then inserts
of orders (by id), then locks of orders (by id). Each waits only for transactions in the same or a later step, so there
is no deadlock; and nothing of an order is read before it is locked, so no two workers both see its old state.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from msgspec.structs import replace

from services.worker import history, idempotency, orders
from services.worker.events import events_of
from services.worker.history import Found
from services.worker.merge import Merged, Stored, Verdict, merge_first, merge_into_history, merge_on_top, view_of
from shared.contracts import Settled, Submission
from shared.database import Connection, Database
from shared.failpoints import Point, reach
from shared.fold import Mark
from shared.metrics import SETTLED
from shared.outbox import add_to_outbox
from shared.telemetry import DEBUG, log
from shared.traces import trace_id


class Store:
    """Settles submissions; every use-case is one transaction."""

    def __init__(self, database: Database, *, most_history: int = history.MOST_ENTRIES) -> None:
        self._database = database
        self._most_history = most_history

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        """Settle a batch and return what became of those that somebody waits for, once it is committed.

        May run twice for the same submissions, also at once in two workers: each counts once. Raises
        `DatabaseUnavailable` (run it again) or `DataError` (one of them is refused; which one, a smaller batch tells).
        """
        batch = _lowest_copies(submissions)
        while True:
            try:
                async with self._database.transaction() as connection:
                    await reach(Point.WORKER_MERGING, (submission.order_number for submission in batch))
                    answers, verdicts = await _settle(connection, batch, self._most_history)
                    await reach(Point.WORKER_MERGED)
                await reach(Point.WORKER_COMMITTED)
            except _OrderVanished:
                continue
            _tell(verdicts)
            return answers


def _tell(verdicts: Sequence[Verdict]) -> None:
    """Count what was settled, and log each where somebody looks that closely: there are thousands a second."""
    for state, count in Counter(verdict.outcome for verdict in verdicts).items():
        SETTLED.labels(state).inc(count)
    if log.is_enabled_for(DEBUG):
        for verdict in verdicts:
            one = verdict.submission
            names = {"submission": str(one.id), "order": str(one.order_id), "trace": trace_id(one.trace)}
            log.debug("submission.settled", state=verdict.outcome, **names)


class _OrderVanished(Exception):
    """Another worker deleted an order (nothing in it counted any more) after this one saw it: it is to be made anew."""


async def _settle(
    connection: Connection, batch: Sequence[Submission], most_history: int
) -> tuple[list[Settled], list[Verdict]]:
    claims = await idempotency.claim(connection, batch)
    counted = [submission for submission in batch if submission.id not in claims.rejected]
    keyed = [submission.id for submission in counted if submission.idempotency is not None]
    revived = await history.revive(connection, keyed)
    groups = _by_order(counted)
    now, known = await orders.read_known(connection, list(groups))

    new_orders = {id: merge_first(new, now, revived) for id, new in groups.items() if id not in known}
    inserted = await orders.insert_orders(connection, new_orders)
    merged = {order_id: new_orders[order_id] for order_id in inserted}

    shaken = set(claims.overthrown.values())
    locked = await orders.lock_orders(connection, sorted((groups.keys() | shaken) - inserted))
    if groups.keys() - inserted - locked.keys():
        raise _OrderVanished
    found = await history.find(connection, _possibly_stored(batch, inserted, locked))
    lowered = [copy for copy in batch if copy.id in found and _is_lower(copy, found[copy.id])]
    await history.lower(connection, lowered)
    await history.reject(connection, list(claims.overthrown), idempotency.REASON)
    shaken |= {copy.order_id for copy in lowered if copy.id not in claims.rejected}
    shaken |= {submission.order_id for submission in counted if submission.id in revived}

    updated = await _merge_locked(connection, now, groups, locked, found, shaken, revived, most_history)
    merged |= updated
    await orders.update_orders(connection, {id: result for id, result in updated.items() if not result.is_empty})
    await orders.delete_orders(connection, [id for id, result in updated.items() if result.is_empty])
    verdicts = [verdict for result in merged.values() for verdict in result.verdicts]
    verdicts += [
        Verdict(submission, "rejected", reason=idempotency.REASON)
        for submission in batch
        if submission.id in claims.rejected and submission.id not in found
    ]
    await history.insert(connection, verdicts)
    await history.mark(connection, {id: marks for result in merged.values() for id, marks in result.marked.items()})
    await add_to_outbox(
        connection,
        [(event, id) for id, result in merged.items() if not result.is_empty for event in events_of(id, result, now)],
    )
    return _answers(batch, merged, verdicts, found, locked), verdicts


async def _merge_locked(
    connection: Connection,
    now: int,
    groups: dict[UUID, list[Submission]],
    locked: dict[UUID, Stored],
    found: dict[UUID, Found],
    shaken: set[UUID],
    revived: dict[UUID, Mark],
    most_history: int,
) -> dict[UUID, Merged]:
    """Merge what is new into locked orders: on top where all of it is newest, else through their whole history."""
    fast: dict[UUID, list[Submission]] = {}
    slow: dict[UUID, list[Submission]] = {}
    for order_id, stored in locked.items():
        new = [submission for submission in groups.get(order_id, ()) if submission.id not in found]
        if order_id in shaken or any(submission.version <= stored.newest for submission in new):
            slow[order_id] = new
        elif new:
            fast[order_id] = new
    twins = await history.read_twins(connection, [submission for new in fast.values() for submission in new])
    merged = {order_id: merge_on_top(locked[order_id], new, twins[order_id], now) for order_id, new in fast.items()}
    past = await history.read_history(connection, list(slow), most_entries=most_history)
    for order_id, new in slow.items():
        merged[order_id] = merge_into_history(locked[order_id], past[order_id], new, now, revived)
    return merged


def _lowest_copies(submissions: Iterable[Submission]) -> list[Submission]:
    """Return each submission once, at the lowest version that it came with, as merge rule 3 asks."""
    lowest: dict[UUID, Submission] = {}
    awaited: dict[UUID, bool] = {}
    for submission in submissions:
        other = lowest.get(submission.id)
        if other is None or _is_lower(submission, other):
            lowest[submission.id] = submission
        if submission.wait:
            awaited[submission.id] = submission.brief and awaited.get(submission.id, True)
    # Whoever waits may wait for a copy that does not count.
    return [replace(one, wait=True, brief=awaited[one.id]) if one.id in awaited else one for one in lowest.values()]


def _is_lower(copy: Submission, other: Submission | Found) -> bool:
    """Tell which of two copies counts; with `occurredAt` they have one version, and the one received first counts."""
    return (copy.version, copy.received_at) < (other.version, other.received_at)


def _by_order(submissions: Iterable[Submission]) -> dict[UUID, list[Submission]]:
    groups: dict[UUID, list[Submission]] = defaultdict(list)
    for submission in submissions:
        groups[submission.order_id].append(submission)
    return groups


def _possibly_stored(batch: Sequence[Submission], inserted: set[UUID], locked: dict[UUID, Stored]) -> list[UUID]:
    """Return the ids that may be in the history: with a key at any version, without one only at or below the newest.

    A message that comes again brings the version that it had; only a repeated key brings a submission under a new one.
    """
    return [
        submission.id
        for submission in batch
        if submission.idempotency is not None
        or (submission.order_id in locked and submission.version <= locked[submission.order_id].newest)
    ]


def _answers(
    batch: Sequence[Submission],
    merged: dict[UUID, Merged],
    verdicts: Sequence[Verdict],
    found: dict[UUID, Found],
    locked: dict[UUID, Stored],
) -> list[Settled]:
    by_id = {verdict.submission.id: verdict for verdict in verdicts}
    answers = []
    for submission in batch:
        if not submission.wait:
            continue
        order_id = submission.order_id
        result: Merged | Stored | None = merged.get(order_id) or locked.get(order_id)
        order = view_of(order_id, result) if result is not None and not submission.brief else None
        created = isinstance(result, Merged) and result.created
        verdict, before = by_id.get(submission.id), found.get(submission.id)
        if verdict is not None:
            known = Found(
                order_id,
                submission.version,
                submission.received_at,
                verdict.outcome,
                verdict.duplicate_of,
                verdict.reason,
            )
        elif before is not None:
            known = before
        else:
            continue
        version = min(known.version, submission.version)
        answers.append(Settled(submission.id, known.state, created, known.duplicate_of, known.reason, version, order))
    return answers
