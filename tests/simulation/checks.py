"""What of a store is held to the model, and how: rows, history, receipts, events."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.contracts import Event
from shared.fold import State
from tests.simulation.model import Fact, Ledger, Order, Receipt

CREATED: Final = "order.created"
UPDATED: Final = "order.updated"


class Discrepancy(AssertionError):
    """The store and the model part."""


class Row(NamedTuple):
    """A row of an order."""

    fields: dict[str, Any]
    version: int
    newest: int
    created_at: int
    updated_at: int
    paid_since: int | None
    overdue_since: int | None
    amount_paid_peak: Decimal


class Stored(NamedTuple):
    """A row of the history."""

    version: int
    received_at: int
    settled_at: int
    state: str
    duplicate_of: UUID | None


def compare(what: str, found: object, wanted: object) -> None:
    """Raise `Discrepancy` unless the store has what the model wants."""
    if found != wanted:
        raise Discrepancy(f"{what}:\n  found  {found}\n  wanted {wanted}")


def row_of(state: State, newest: int) -> Row:
    """Return a stored order as it is compared."""
    return Row(
        state.fields,
        state.version,
        newest,
        state.created_at,
        state.updated_at,
        state.paid_since,
        state.overdue_since,
        state.amount_paid_peak,
    )


def check_rows(rows: Mapping[UUID, Row], ledger: Ledger, history: Mapping[UUID, Stored]) -> None:
    """Check every row; when its submissions were stored is the one thing that the model is told."""
    wanted = {
        id: Row(
            order.fields,
            order.version,
            order.newest,
            order.created_at,
            max(history[one.id].settled_at for one in order.effective),
            order.paid_since,
            order.overdue_since,
            order.amount_paid_peak,
        )
        for id, order in ledger.orders.items()
    }
    compare("orders", rows, wanted)


def check_history(history: Mapping[UUID, Stored], ledger: Ledger) -> None:
    """Check that every submission is in the history once, at its lowest version, settled as it should be."""
    copies = ledger.standing.copies
    compare(
        "history",
        {id: (one.version, one.received_at, one.state) for id, one in history.items()},
        {id: (one.version, one.received_at, ledger.receipts[id].state) for id, one in copies.items()},
    )
    for id, one in history.items():
        _check_original(one.duplicate_of, ledger.receipts[id])


def _check_original(duplicate_of: UUID | None, receipt: Receipt) -> None:
    if receipt.state == "duplicate":
        if duplicate_of not in receipt.originals:
            raise Discrepancy(f"duplicateOf is {duplicate_of}, none of {set(receipt.originals)}")
    else:
        compare("duplicateOf", duplicate_of, None)


def facts_of(events: Iterable[Event]) -> list[Fact]:
    """Return what events tell of runs: their types, and the submissions that begin what they tell of."""
    return sorted(
        (event.type, UUID(event.data["submission"]["id"])) for event in events if event.type not in (CREATED, UPDATED)
    )


def check_told(
    events: Iterable[tuple[UUID, Event]], final: Mapping[UUID, Order], ledger: Ledger, *, exact: bool
) -> None:
    """Check what was told in all: each run once, and, where `exact`, nothing else; each order's creation."""
    once = [event for _, event in events if event.type not in (CREATED, UPDATED)]
    compare("ids of what is told once", len({event.id for event in once}), len(once))
    compare("orders created", {id for id, event in events if event.type == CREATED}, ledger.ever)
    told = Counter(event.type for event in once)
    runs = Counter(run.event_type for order in final.values() for run in order.runs)
    if exact:
        compare("events, one for each run", told, runs)
    compare("runs that are left untold", runs - told, Counter())
