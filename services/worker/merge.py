"""What a batch does to one order. Pure: what is stored goes in, what is to be written comes out."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import attrgetter, or_
from typing import Any, Final, Literal
from uuid import UUID

from msgspec import Struct, field, structs

from shared.contracts import Submission
from shared.fold import Entry, Mark, Recent, Run, State, advance, fold
from shared.orders.identity import Identity
from shared.orders.view import order_view

_place: Final = attrgetter("place")

Outcome = Literal["applied", "stale", "duplicate", "rejected"]


class Stored(Struct, frozen=True):
    """An order's row, locked: its state, and the highest version of any submission stored for it."""

    identity: Identity
    state: State
    newest: int


class Twin(Struct, frozen=True):
    """The newest stored submission of one content: what it stands for, and its version."""

    original: UUID
    version: int


class Verdict(Struct, frozen=True):
    """How one new submission is settled."""

    submission: Submission
    outcome: Outcome
    duplicate_of: UUID | None = None
    marks: Mark = Mark.NONE
    reason: str | None = None


class Merged(Struct, frozen=True):
    """What is to be written for one order: the row, the new history, marks on old history, and what is told."""

    identity: Identity
    state: State
    newest: int
    verdicts: list[Verdict]
    told: list[Run]
    marked: dict[UUID, Mark] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    created: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing that counts is left of the history (all of it was rejected)."""
        return not self.state.version


def view_of(order_id: UUID, order: Merged | Stored) -> dict[str, Any]:
    """Return a merged or stored order as the API and the events show it."""
    state = order.state
    return order_view(
        order.identity,
        order_id,
        state.fields,
        version=state.version,
        created_at=state.created_at,
        updated_at=state.updated_at,
    )


def entry_of(submission: Submission, settled_at: int, marks: Mark = Mark.NONE) -> Entry:
    """Return a new submission as the fold reads it."""
    return Entry(
        submission.id,
        submission.version,
        submission.content,
        submission.fingerprint,
        submission.idempotency is not None,
        submission.received_at,
        settled_at,
        marks,
    )


def merge_first(new: Sequence[Submission], settled_at: int, revived: Mapping[UUID, Mark]) -> Merged:
    """Merge the first submissions of an order; `revived` as for `merge_into_history`."""
    if not revived or not any(submission.id in revived for submission in new):
        return merge_on_top(None, new, {}, settled_at)
    blank = Stored(new[0].identity, State(), 0)
    return structs.replace(merge_into_history(blank, [], new, settled_at, revived), created=True)


def merge_on_top(stored: Stored | None, new: Sequence[Submission], twins: dict[bytes, Twin], settled_at: int) -> Merged:
    """The fast road: every new version is above all that is stored, so the row and the contents' twins say enough.

    Every run in the row has been told already (each commit leaves it so), hence what begins now is all there is to
    tell.
    """
    state = _copy(stored.state) if stored else State()
    before = stored.state.fields if stored else {}
    recent = Recent()
    for fingerprint, twin in twins.items():
        recent.remember(fingerprint, twin.version, twin.original)
    told: list[Run] = []
    originals: dict[UUID, UUID] = {}
    marks: dict[UUID, Mark] = {}
    fresh = [entry_of(submission, settled_at) for submission in new]
    ordered = sorted(fresh, key=_place)
    for entry in ordered:
        original = recent.original_of(entry)
        if original is not None:
            originals[entry.id] = original
            continue
        begun = advance(state, entry)
        if begun:
            told += begun
            marks[entry.id] = reduce(or_, [run.mark for run in begun])
    reached = _Reached()
    verdicts = []
    for submission, entry in zip(new, fresh, strict=True):
        original = originals.get(entry.id)
        outcome: Outcome = "duplicate" if original else "stale" if reached.take(entry) else "applied"
        verdicts.append(Verdict(submission, outcome, original, marks.get(entry.id, Mark.NONE)))
    newest = ordered[-1].version if ordered else 0
    return Merged(
        stored.identity if stored else new[0].identity,
        state,
        max(newest, stored.newest if stored else 0),
        verdicts,
        told,
        changed=_changed(before, state.fields),
        created=stored is None,
    )


def merge_into_history(
    stored: Stored,
    history: Sequence[Entry],
    new: Sequence[Submission],
    settled_at: int,
    revived: Mapping[UUID, Mark],
) -> Merged:
    """The slow road: fold the whole history, the new submissions among it.

    `history` holds all that counts (nothing rejected, no id of `new`). Where a new one equals a stored one in content
    and version, the one stored second is the duplicate, whichever the fold keeps. `revived` holds the marks of those
    that were rejected once and now stand after all: what has been told of them is not told again.
    """
    entries = {entry.id: entry for entry in history}
    fresh = [entry_of(submission, settled_at, revived.get(submission.id, Mark.NONE)) for submission in new]
    everything = [*history, *fresh]
    folded = fold(everything)
    told = folded.untold(everything)
    marks: dict[UUID, Mark] = {}
    for run in told:
        marks[run.members[0]] = marks.get(run.members[0], Mark.NONE) | run.mark
    displaced = {(entry.fingerprint, entry.version): entry.id for entry in history if entry.id in folded.duplicates}
    reached = _Reached(entry for entry in history if entry.id not in folded.duplicates)
    verdicts = []
    for submission, entry in zip(new, fresh, strict=True):
        original = folded.duplicates.get(entry.id)
        is_stale = original is None and reached.take(entry)
        if original is None and not entry.keyed:
            original = displaced.get((entry.fingerprint, entry.version))
        outcome: Outcome = "duplicate" if original else "stale" if is_stale else "applied"
        given = entry.marks | marks.get(entry.id, Mark.NONE)
        verdicts.append(Verdict(submission, outcome, original, given))
    return Merged(
        stored.identity,
        folded.state,
        max([entry.version for entry in everything], default=0),
        verdicts,
        told,
        {id: entries[id].marks | mark for id, mark in marks.items() if id in entries},
        _changed(stored.state.fields, folded.state.fields),
    )


class _Reached:
    """How far each field has been set or cleared by what came before, in the order of coming.

    So whether a submission is stale does not depend on whether what overtook it came in the same batch.
    """

    def __init__(self, effective: Iterable[Entry] = ()) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        for entry in effective:
            self.take(entry)

    def take(self, entry: Entry) -> bool:
        """Take in what comes next; return whether newer ones that came before had said all of it."""
        place, places = entry.place, self._places
        names = entry.content.touches()
        if not places:  # most come alone
            places.update(dict.fromkeys(names, place))
            return not names
        is_stale = True
        for name in names:
            if places.get(name, place) <= place:
                places[name] = place
                is_stale = False
        return is_stale


def _copy(state: State) -> State:
    return State(
        dict(state.fields),
        state.version,
        state.created_at,
        state.updated_at,
        state.paid_since,
        state.overdue_since,
        state.amount_paid_peak,
    )


def _changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    names = [name for name, value in after.items() if value != before.get(name)]
    names += [name for name in before if name not in after]
    return tuple(sorted(names))
