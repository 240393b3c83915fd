"""What the product's rules of merging say, read sentence by sentence; shares no code with the fold, merge or store.

Slow and literal on purpose: every answer is worked out anew from the whole history. Of the project it knows only the
shape of a submission.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, field

from shared.contracts import Submission

TEN_MINUTES: Final = 600_000_000
PAYMENT_EVENTS: Final = {"paid": "payment.paid", "overdue": "payment.overdue", "refunded": "payment.refunded"}

Fact = tuple[str, UUID]
"""What is told once: the type of the event, and the submission that begins what it tells of."""


class Run(Struct, frozen=True):
    """A maximal stretch of one status, or one partial payment: the event's type, and who said so, in order."""

    event_type: str
    members: list[UUID]

    @property
    def fact(self) -> Fact:
        """How its event is known."""
        return self.event_type, self.members[0]


class Order(Struct, frozen=True):
    """What one order is, by the rules, once certain submissions of it count."""

    effective: list[Submission]
    retries: dict[UUID, UUID]
    fields: dict[str, Any]
    runs: list[Run]
    version: int
    newest: int
    created_at: int
    paid_since: int | None
    overdue_since: int | None
    amount_paid_peak: Decimal


class Receipt(Struct, frozen=True):
    """How a submission was settled when it was stored; a duplicate repeats any of `originals`."""

    state: str
    originals: frozenset[UUID] = frozenset()


class Standing(Struct, frozen=True):
    """Who counts: each submission at its lowest version, and which of them lost their key to another."""

    copies: dict[UUID, Submission]
    rejected: set[UUID]

    def of_order(self, order_id: UUID) -> list[Submission]:
        """Return what counts of one order."""
        return [one for one in self.copies.values() if one.order_id == order_id and one.id not in self.rejected]


def place(one: Submission) -> tuple[int, bytes]:
    """Of two equal versions the higher submission id (as bytes) is the later."""
    return one.version, one.id.bytes


def moment(one: Submission) -> int:
    """Microseconds come first in a version, then 11 bits for the node."""
    return one.version >> 11


def equal(one: Submission, other: Submission) -> bool:
    """Content is all that is set and cleared, occurredAt included."""
    a, b = one.content, other.content
    return (a.sets, set(a.clears), a.occurred_at) == (b.sets, set(b.clears), b.occurred_at)


def standing_of(everything: Iterable[Submission]) -> Standing:
    """A submission counts once, at the lowest version it came with; of one key's, the first stands."""
    lowest: dict[UUID, Submission] = {}
    for one in everything:
        other = lowest.get(one.id)
        if other is None or (one.version, one.received_at) < (other.version, other.received_at):
            lowest[one.id] = one
    rejected = set()
    keyed = [one for one in lowest.values() if one.idempotency is not None]
    for one in keyed:
        rivals = [
            other
            for other in keyed
            if (other.account, other.live, other.idempotency) == (one.account, one.live, one.idempotency)
        ]
        if min(rivals, key=place) is not one:
            rejected.add(one.id)
    return Standing(lowest, rejected)


def order_of(history: Iterable[Submission]) -> Order:
    """An order is the fold of its history in version order; a client's retry has no effect."""
    ordered = sorted(history, key=place)
    retries: dict[UUID, UUID] = {}
    for index, one in enumerate(ordered):
        earlier = [other for other in ordered[:index] if equal(other, one)]
        if one.idempotency is None and earlier and moment(one) - moment(earlier[-1]) <= TEN_MINUTES:
            retries[one.id] = retries.get(earlier[-1].id, earlier[-1].id)
    effective = [one for one in ordered if one.id not in retries]
    fields: dict[str, Any] = {}
    for one in effective:
        fields.update(one.content.sets)
        fields = {name: value for name, value in fields.items() if name not in one.content.clears}
    payments = _stretches(effective, "paymentStatus")
    cancellations = [members for status, members in _stretches(effective, "orderStatus") if status == "cancelled"]
    runs = [
        Run(PAYMENT_EVENTS[status], [one.id for one in members])
        for status, members in payments
        if status in PAYMENT_EVENTS
    ]
    runs += [Run("order.cancelled", [one.id for one in members]) for members in cancellations]
    runs += [Run("payment.partial", [one.id]) for one in _partial_payments(effective)]
    paid = [members[0] for status, members in payments if status == "paid"]
    overdue = [members[0] for status, members in payments if status == "overdue"]
    return Order(
        effective=effective,
        retries=retries,
        fields=fields,
        runs=runs,
        version=max(one.version for one in effective),
        newest=max(one.version for one in ordered),
        created_at=min(one.received_at for one in effective),
        paid_since=moment(paid[-1]) if paid else None,
        overdue_since=moment(overdue[0]) if overdue else None,
        amount_paid_peak=max([Decimal(0), *_amounts(effective)]),
    )


def _stretches(effective: Sequence[Submission], name: str) -> list[tuple[str, list[Submission]]]:
    """Maximal stretches of one status; who does not mention it breaks none."""
    stretches: list[tuple[str, list[Submission]]] = []
    for one in effective:
        status = one.content.sets.get(name)
        if status is None:
            continue
        if not stretches or stretches[-1][0] != status:
            stretches.append((status, []))
        stretches[-1][1].append(one)
    return stretches


def _amounts(effective: Iterable[Submission]) -> list[Decimal]:
    return [Decimal(one.content.sets["amountPaid"]) for one in effective if "amountPaid" in one.content.sets]


def _partial_payments(effective: Sequence[Submission]) -> list[Submission]:
    """Those that raise amountPaid above all earlier ones while the status is not paid."""
    found = []
    for index, one in enumerate(effective):
        amount = one.content.sets.get("amountPaid")
        said = [other.content.sets.get("paymentStatus") for other in effective[: index + 1]]
        status = next((status for status in reversed(said) if status), None)
        earlier = max([Decimal(0), *_amounts(effective[:index])])
        if amount is not None and Decimal(amount) > earlier and status != "paid":
            found.append(one)
    return found


class Step(Struct, frozen=True):
    """What one commit was to do: what it tells of runs, of which orders fields changed, who was settled, and how."""

    facts: list[Fact]
    updated: dict[UUID, set[str]]
    receipts: dict[UUID, Receipt]


class Ledger(Struct):
    """All that was ever committed, and, commit by commit, how it was settled and what was told of it."""

    standing: Standing = field(default_factory=lambda: Standing({}, set()))
    orders: dict[UUID, Order] = field(default_factory=dict)
    facts: set[Fact] = field(default_factory=set)
    receipts: dict[UUID, Receipt] = field(default_factory=dict)
    ever: set[UUID] = field(default_factory=set)

    def copy(self) -> "Ledger":
        """Return a ledger that goes its own way from here."""
        return Ledger(self.standing, dict(self.orders), set(self.facts), dict(self.receipts), set(self.ever))

    def commit(self, batch: Sequence[Submission]) -> Step:
        """Take one commit in."""
        before, orders_before = self.standing, self.orders
        self.standing = standing_of([*before.copies.values(), *batch])
        fallen = self.standing.rejected - before.rejected
        touched = {one.order_id for one in batch}
        touched |= {before.copies[id].order_id for id in fallen if id in before.copies}
        self.orders = dict(orders_before)
        facts: list[Fact] = []
        updated: dict[UUID, set[str]] = {}
        for order_id in touched:
            history = self.standing.of_order(order_id)
            self.orders.pop(order_id, None)
            if not history:
                continue
            order = self.orders[order_id] = order_of(history)
            facts += self._untold(order)
            if order_id in orders_before:
                changed = _differing(orders_before[order_id].fields, order.fields)
                updated |= {order_id: changed} if changed else {}
        self.facts |= set(facts)
        self.ever |= set(self.orders)
        return Step(facts, updated, self._settle(batch, before, fallen))

    def _untold(self, order: Order) -> list[Fact]:
        """A run that holds a submission already marked gives nothing more; a retry's mark is its original's."""
        untold = []
        for run in order.runs:
            speakers = {*run.members, *(retry for retry, original in order.retries.items() if original in run.members)}
            if not any((run.event_type, speaker) in self.facts for speaker in speakers):
                untold.append(run.fact)
        return untold

    def _settle(self, batch: Sequence[Submission], before: Standing, fallen: set[UUID]) -> dict[UUID, Receipt]:
        """Settle what is stored for the first time, and what gained or lost its key."""
        receipts = {id: Receipt("rejected") for id in fallen}
        stored = [one for one in before.copies.values() if one.id not in before.rejected | fallen]
        arrived = dict.fromkeys(one.id for one in batch)
        for position, id in enumerate(arrived):
            one = self.standing.copies[id]
            if id in self.standing.rejected:
                receipts[id] = Receipt("rejected")
            elif id not in before.copies or id in before.rejected:
                sooner = {other.id for other in stored} | set(list(arrived)[:position])
                receipts[id] = self._receipt(one, {other.id for other in stored}, sooner)
        receipts = {id: receipt for id, receipt in receipts.items() if self.receipts.get(id) != receipt}
        self.receipts |= receipts
        return receipts

    def _receipt(self, one: Submission, stored: set[UUID], sooner: set[UUID]) -> Receipt:
        order = self.orders[one.order_id]
        history = self.standing.of_order(one.order_id)
        equals = [other for other in history if other.id != one.id and equal(other, one)]
        if one.id in order.retries:
            return Receipt("duplicate", frozenset(other.id for other in equals if place(other) < place(one)))
        # Of two equal copies at one version the one stored second is the duplicate, whichever the fold keeps.
        displaced = [
            other.id
            for other in equals
            if other.version == one.version and other.id in stored and other.id in order.retries
        ]
        if displaced and one.idempotency is None:
            return Receipt("duplicate", frozenset(displaced))
        for name in one.content.touches():
            already = [o for o in order.effective if o.id in sooner and place(o) > place(one) and mentions(o, name)]
            if not already:
                return Receipt("applied")
        return Receipt("stale")


def mentions(one: Submission, name: str) -> bool:
    """Whether it sets or clears a field."""
    return name in one.content.sets or name in one.content.clears


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}
