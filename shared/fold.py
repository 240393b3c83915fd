"""The merge: an order is the fold of its history in version order. Pure; time, storage and arrival order play no part.

`advance` takes one submission further and is all that a new one on top of the history needs (the fast road); `fold`
runs it over a whole history (the slow road). That both give the same row is held by property tests.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import IntFlag
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, field

from shared.orders.content import Content
from shared.versions import moment_of

RETRY_WINDOW_MICROSECONDS: Final = 10 * 60 * 1_000_000
"""How much higher than its equal a submission's version may be and still be taken for a client's retry."""


class Mark(IntFlag):
    """Events already published for a submission; stored with it, so that no event is given twice."""

    NONE = 0
    PAID = 1
    OVERDUE = 2
    REFUNDED = 4
    CANCELLED = 8
    PARTIAL = 16


MARKED_EVENTS: Final = {
    Mark.PAID: "payment.paid",
    Mark.OVERDUE: "payment.overdue",
    Mark.REFUNDED: "payment.refunded",
    Mark.CANCELLED: "order.cancelled",
    Mark.PARTIAL: "payment.partial",
}
"""The type of event of which a mark says that it is published; others (order.created ...) leave none."""
_PAYMENT_MARKS: Final = {"paid": Mark.PAID, "overdue": Mark.OVERDUE, "refunded": Mark.REFUNDED}


class Entry(Struct, frozen=True):
    """One submission in an order's history, as the fold reads it; times are in microseconds since 1970.

    `keyed` tells that it came with an Idempotency-Key, so that it is never taken for a retry of another.
    """

    id: UUID
    version: int
    content: Content
    fingerprint: bytes
    keyed: bool
    received_at: int
    settled_at: int
    marks: Mark = Mark.NONE

    @property
    def place(self) -> tuple[int, int]:
        """The place in the total order: the version, then the id."""
        return self.version, self.id.int


class State(Struct):
    """An order as its submissions up to some version have made it; all of it is stored in the order's row.

    `paid_since` is the start of the last run of `paid`, `overdue_since` the first `overdue` of all, `amount_paid_peak`
    the highest `amountPaid` that any submission has named.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    created_at: int = 0
    updated_at: int = 0
    paid_since: int | None = None
    overdue_since: int | None = None
    amount_paid_peak: Decimal = Decimal(0)


class Run(Struct):
    """A fact that is told once: a maximal stretch of one status in version order, or one partial payment."""

    mark: Mark
    members: list[UUID]

    @property
    def event_type(self) -> str:
        """The type of the event that tells it."""
        return MARKED_EVENTS[self.mark]


class Folded(Struct, frozen=True):
    """A history folded: the row, which submissions were retries (and of what), the runs."""

    state: State
    duplicates: dict[UUID, UUID]
    runs: list[Run]

    def untold(self, history: Iterable[Entry]) -> list[Run]:
        """Return the runs that hold no submission marked as published; a retry's mark counts for what it repeats."""
        marks: dict[UUID, Mark] = {}
        for entry in history:
            told = self.duplicates.get(entry.id, entry.id)
            marks[told] = marks.get(told, Mark.NONE) | entry.marks
        return [run for run in self.runs if not any(marks[member] & run.mark for member in run.members)]


class Recent:
    """The last submission of each content, to tell a client's retry from a change (it chains: retries extend it)."""

    def __init__(self) -> None:
        self._last: dict[bytes, tuple[int, UUID]] = {}

    def remember(self, fingerprint: bytes, version: int, original: UUID) -> None:
        """Note that a submission of this content and version stands for `original` (itself, unless it is a retry)."""
        self._last[fingerprint] = (version, original)

    def original_of(self, entry: Entry) -> UUID | None:
        """Return the submission that `entry` repeats, or None where it counts; to be asked in version order."""
        last = self._last.get(entry.fingerprint)
        original = None
        if last is not None and not entry.keyed and last[1] != entry.id:
            version, candidate = last
            if moment_of(entry.version) - moment_of(version) <= RETRY_WINDOW_MICROSECONDS:
                original = candidate
        self.remember(entry.fingerprint, entry.version, original or entry.id)
        return original


def advance(state: State, entry: Entry) -> list[Run]:
    """Take `state` past `entry`, which is newer than all before it and no retry; return the runs that it begins."""
    fields, sets = state.fields, entry.content.sets
    begun: list[Run] = []
    moment = moment_of(entry.version)
    payment = sets.get("paymentStatus")
    if payment is not None and payment != fields.get("paymentStatus"):
        if payment in _PAYMENT_MARKS:
            begun.append(Run(_PAYMENT_MARKS[payment], [entry.id]))
        if payment == "paid":
            state.paid_since = moment
        if payment == "overdue" and state.overdue_since is None:
            state.overdue_since = moment
    if sets.get("orderStatus") == "cancelled" != fields.get("orderStatus"):
        begun.append(Run(Mark.CANCELLED, [entry.id]))
    fields.update(sets)
    for name in entry.content.clears:
        fields.pop(name, None)
    if "amountPaid" in sets:
        amount = Decimal(sets["amountPaid"])
        if amount > state.amount_paid_peak:
            state.amount_paid_peak = amount
            if fields.get("paymentStatus") != "paid":
                begun.append(Run(Mark.PARTIAL, [entry.id]))
    state.version = entry.version
    state.created_at = min(state.created_at or entry.received_at, entry.received_at)
    state.updated_at = max(state.updated_at, entry.settled_at)
    return begun


def fold(history: Iterable[Entry]) -> Folded:
    """Return what a whole history (in any order, no rejected submission, no id twice) makes of its order."""
    state, recent = State(), Recent()
    duplicates: dict[UUID, UUID] = {}
    runs: list[Run] = []
    payment_run: Run | None = None
    cancelled_run: Run | None = None
    for entry in sorted(history, key=lambda entry: entry.place):
        original = recent.original_of(entry)
        if original is not None:
            duplicates[entry.id] = original
            continue
        before = state.fields.get("paymentStatus"), state.fields.get("orderStatus")
        begun = advance(state, entry)
        runs += begun
        if state.fields.get("paymentStatus") != before[0]:
            payment_run = next((run for run in begun if run.mark in _PAYMENT_MARKS.values()), None)
        elif payment_run is not None and "paymentStatus" in entry.content.sets:
            payment_run.members.append(entry.id)
        if state.fields.get("orderStatus") != before[1]:
            cancelled_run = next((run for run in begun if run.mark is Mark.CANCELLED), None)
        elif cancelled_run is not None:
            cancelled_run.members.append(entry.id)
    return Folded(state, duplicates, runs)
