"""The worker's transaction without Postgres: the real pure merge, and the store's decisions over dicts.

A test holds it to the real store, transaction by transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct, field, structs

from services.worker.events import events_of
from services.worker.merge import Merged, Stored, Twin, Verdict, merge_first, merge_into_history, merge_on_top
from shared.contracts import Event, Submission
from shared.fold import Entry, Mark

_REASON: Final = "idempotency_key_reused"
Key = tuple[UUID, bool, bytes]


class Row(Struct, frozen=True):
    """A row of the history."""

    submission: Submission
    outcome: str
    duplicate_of: UUID | None
    marks: Mark
    settled_at: int


class Claim(Struct, frozen=True):
    """Who holds an Idempotency-Key."""

    version: int
    submission: UUID
    order: UUID

    @property
    def place(self) -> tuple[int, bytes]:
        """The lowest holds it."""
        return self.version, self.submission.bytes


class Tables(Struct):
    """Everything that one commit makes durable."""

    claims: dict[Key, Claim] = field(default_factory=dict)
    orders: dict[UUID, Stored] = field(default_factory=dict)
    history: dict[UUID, Row] = field(default_factory=dict)
    outbox: list[tuple[UUID, Event]] = field(default_factory=list)

    def copy(self) -> "Tables":
        """Return tables that a transaction may change, and give up."""
        return Tables(dict(self.claims), dict(self.orders), dict(self.history), list(self.outbox))


class Commit(Struct, frozen=True):
    """What one transaction did."""

    events: list[tuple[UUID, Event]]
    fast: int
    slow: int


class MemoryStore:
    """Settles submissions as `services.worker.store.Store` does; each call of `settle` is one transaction."""

    def __init__(self) -> None:
        self.tables = Tables()

    def settle(self, submissions: Sequence[Submission], now: int, *, commit: bool = True) -> Commit:
        """Settle a batch; without `commit` the worker dies first, and nothing of it stays."""
        tables = self.tables.copy()
        done = _settle(tables, _lowest_copies(submissions), now)
        if commit:
            self.tables = tables
        return done


def _settle(tables: Tables, batch: Sequence[Submission], now: int) -> Commit:
    rejected, overthrown = _claim(tables, batch)
    counted = [one for one in batch if one.id not in rejected]
    revived = _revive(tables, counted)
    groups: dict[UUID, list[Submission]] = defaultdict(list)
    for one in counted:
        groups[one.order_id].append(one)
    merged = {
        order_id: merge_first(new, now, revived) for order_id, new in groups.items() if order_id not in tables.orders
    }
    shaken = set(overthrown.values())
    locked = {id: tables.orders[id] for id in groups.keys() | shaken if id in tables.orders}
    found = {one.id: tables.history[one.id] for one in _possibly_stored(batch, locked) if one.id in tables.history}
    lowered = [one for one in batch if one.id in found and _is_lower(one, found[one.id].submission)]
    for one in lowered:
        tables.history[one.id] = structs.replace(found[one.id], submission=one)
    for id in overthrown:
        tables.history[id] = structs.replace(tables.history[id], outcome="rejected", duplicate_of=None)
    shaken |= {one.order_id for one in lowered if one.id not in rejected}
    shaken |= {one.order_id for one in counted if one.id in revived}
    fast = slow = 0
    for order_id, stored in locked.items():
        new = [one for one in groups.get(order_id, ()) if one.id not in found]
        if order_id in shaken or any(one.version <= stored.newest for one in new):
            slow += 1
            merged[order_id] = merge_into_history(stored, _history(tables, order_id), new, now, revived)
        elif new:
            fast += 1
            merged[order_id] = merge_on_top(stored, new, _twins(tables, order_id, new), now)
    verdicts = [verdict for result in merged.values() for verdict in result.verdicts]
    verdicts += [Verdict(one, "rejected") for one in batch if one.id in rejected and one.id not in found]
    for verdict in verdicts:
        tables.history[verdict.submission.id] = Row(
            verdict.submission, verdict.outcome, verdict.duplicate_of, verdict.marks, now
        )
    events = []
    for order_id, result in merged.items():
        events += _write(tables, order_id, result, now)
    tables.outbox += events
    return Commit(events, fast, slow)


def _write(tables: Tables, order_id: UUID, result: Merged, now: int) -> list[tuple[UUID, Event]]:
    for id, marks in result.marked.items():
        tables.history[id] = structs.replace(tables.history[id], marks=marks)
    if result.is_empty:
        del tables.orders[order_id]
        return []
    tables.orders[order_id] = Stored(result.identity, result.state, result.newest)
    return [(order_id, event) for event in events_of(order_id, result, now)]


def _lowest_copies(submissions: Iterable[Submission]) -> list[Submission]:
    lowest: dict[UUID, Submission] = {}
    for one in submissions:
        if one.id not in lowest or _is_lower(one, lowest[one.id]):
            lowest[one.id] = one
    return list(lowest.values())


def _is_lower(one: Submission, other: Submission) -> bool:
    return (one.version, one.received_at) < (other.version, other.received_at)


def _claim(tables: Tables, batch: Sequence[Submission]) -> tuple[set[UUID], dict[UUID, UUID]]:
    overthrown: dict[UUID, UUID] = {}
    keyed = {one.id: (one.account, one.live, one.idempotency) for one in batch if one.idempotency is not None}
    by_place = sorted((one for one in batch if one.id in keyed), key=lambda one: (one.version, one.id.bytes))
    for one in by_place:
        mine = Claim(one.version, one.id, one.order_id)
        key = keyed[one.id]
        held = tables.claims.setdefault(key, mine)
        if mine.place < held.place:
            tables.claims[key] = mine
            if held.submission != one.id:
                overthrown[held.submission] = held.order
    return {id for id, key in keyed.items() if tables.claims[key].submission != id}, overthrown


def _revive(tables: Tables, counted: Sequence[Submission]) -> dict[UUID, Mark]:
    ids = [one.id for one in counted if one.id in tables.history and tables.history[one.id].outcome == "rejected"]
    return {id: tables.history.pop(id).marks for id in ids}


def _possibly_stored(batch: Sequence[Submission], locked: dict[UUID, Stored]) -> list[Submission]:
    return [
        one
        for one in batch
        if one.idempotency is not None or (one.order_id in locked and one.version <= locked[one.order_id].newest)
    ]


def _twins(tables: Tables, order_id: UUID, new: Sequence[Submission]) -> dict[bytes, Twin]:
    wanted = {one.fingerprint for one in new}
    rows = [row for row in _standing(tables, order_id) if row.submission.fingerprint in wanted]
    rows.sort(key=lambda row: (row.submission.version, row.submission.id.bytes))
    twins = {}
    for row in rows:
        repeated = tables.history[row.duplicate_of or row.submission.id]
        original = row if repeated.outcome == "rejected" else repeated
        twins[row.submission.fingerprint] = Twin(original.submission.id, row.submission.version)
    return twins


def _history(tables: Tables, order_id: UUID) -> list[Entry]:
    return [
        Entry(
            row.submission.id,
            row.submission.version,
            row.submission.content,
            row.submission.fingerprint,
            row.submission.idempotency is not None,
            row.submission.received_at,
            row.settled_at,
            row.marks,
        )
        for row in _standing(tables, order_id)
    ]


def _standing(tables: Tables, order_id: UUID) -> list[Row]:
    return [row for row in tables.history.values() if row.submission.order_id == order_id and row.outcome != "rejected"]
