"""What becomes of a notification that has fallen due, decided from its order as it is at that moment. Pure.

The rules are asked in turn, and the first that objects decides. What only holds a message up answers `Wait`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from services.notifier.notification import Notification
from shared.messages.order import Order

ADDRESS_PATIENCE: Final = timedelta(days=3)
"""How long a notification waits for somebody to reach."""


class Send(Struct, frozen=True):
    """It leaves now, to this address."""

    address: str


class Cancel(Struct, frozen=True):
    """It will never leave; the reason is shown to the account."""

    reason: str


class Fail(Struct, frozen=True):
    """It should have left, and could not."""

    reason: str


class Wait(Struct, frozen=True):
    """It is decided again at `until`, or as soon as what it waits for has come."""

    state: str
    reason: str
    until: datetime


Decision = Send | Cancel | Fail | Wait
Rule = Callable[[Notification, Order, datetime], Decision | None]


def decide(notification: Notification, order: Order | None, now: datetime) -> Decision:
    """Return what to do with a notification, given its order as it is now (None: it was erased)."""
    if order is None:
        return Cancel("order_gone")
    for rule in _RULES:
        decision = rule(notification, order, now)
        if decision is not None:
            return decision
    address = order.address(notification.channel)
    if address is not None:
        return Send(address)
    if notification.state == "waiting":  # and due: its patience is over
        return Cancel("no_address")
    return Wait("waiting", "no_address", now + ADDRESS_PATIENCE)


def _reminder_of_what_is_settled(notification: Notification, order: Order, _now: datetime) -> Decision | None:
    if notification.kind != "reminder":
        return None
    if order.order_status == "cancelled":
        return Cancel("order_cancelled")
    if order.payment_status in ("paid", "refunded"):
        return Cancel(order.payment_status)
    # A reminder that an overdue status began has lost its ground with it; one of the ladder stands on the due date.
    allowed = ("overdue",) if notification.event_type == "payment.overdue" else ("overdue", "pending")
    if order.payment_status not in allowed:
        return Cancel("no_longer_overdue")
    if order.open_amount is not None and order.open_amount <= 0:
        return Cancel("nothing_open")
    return None


def _thanks_for_nothing(notification: Notification, order: Order, _now: datetime) -> Decision | None:
    if notification.kind != "confirmation":
        return None
    if order.payment_status == "refunded":
        return Cancel("refunded")
    if order.total is not None and order.total < 0:
        return Cancel("credit_note")
    if order.is_paid:
        return None
    if notification.event_type == "payment.paid":
        return Cancel("no_longer_paid")
    if order.order_status == "cancelled":
        return Cancel("order_cancelled")
    return None if order.amount_paid else Cancel("no_longer_paid")


def _superseded(notification: Notification, order: Order, _now: datetime) -> Decision | None:
    """Let the newest of several speak: paid, refunded and paid again within the settle time gives one thank-you."""
    if notification.newer:
        return Cancel("superseded")
    if notification.kind != "confirmation" or not order.is_paid or not order.paid_since or not notification.run_began:
        return None
    # The newer run's own notification may not be planned yet: its event is still under way.
    return Cancel("superseded") if order.paid_since > notification.run_began else None


_RULES: Final[tuple[Rule, ...]] = (
    _reminder_of_what_is_settled,
    _thanks_for_nothing,
    _superseded,
)
