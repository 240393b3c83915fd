"""What becomes of a notification that has fallen due, decided from all that is known at that moment. Pure.

The rules are asked in turn, and the first that objects decides. What only holds a message up answers `Wait`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from services.notifier.due import Due
from shared.ladder import REMINDED
from shared.messages.order import FALLBACK, Order
from shared.quiet_times import hold_of, start_of

ADDRESS_PATIENCE: Final = timedelta(days=3)
"""How long a notification waits for somebody to reach."""

PAUSE_LOOK: Final = timedelta(days=1)
"""How often what is paused is looked at; the end of a pause makes it due at once."""

LEAST_SETTLING: Final = timedelta(seconds=60)
MOST_SETTLINGS: Final = 10
"""An order that never comes to rest holds a message up for so many settle times, or for a minute if that is more."""


class Send(Struct, frozen=True):
    """It leaves now, to this address."""

    address: str


class Cancel(Struct, frozen=True):
    """It will never leave; the reason is shown to the account."""

    reason: str


class Fail(Struct, frozen=True):
    """It should have left, and could not."""

    reason: str


class HandOver(Struct, frozen=True):
    """It will not leave over this channel: a notification over another takes its place."""

    reason: str


class Wait(Struct, frozen=True):
    """It is decided again at `until`, or as soon as what it waits for has come."""

    state: str
    reason: str
    until: datetime


Decision = Send | Cancel | Fail | HandOver | Wait
Rule = Callable[[Due, Order], Decision | None]


def takes_over(due: Due) -> bool:
    """Tell whether e-mail takes the place of a notification that cannot leave over its own channel."""
    return due.notification.channel != FALLBACK and getattr(due.account.settings.channels, FALLBACK)


def decide(due: Due) -> Decision:
    """Return what to do with a notification."""
    order = due.order
    if order is None:
        return Cancel("order_gone")
    for rule in _RULES:
        decision = rule(due, order)
        if decision is not None:
            return decision
    address = order.address(due.notification.channel)
    if address is None:
        if takes_over(due) and order.address(FALLBACK) is not None:
            return HandOver("no_phone")
        if due.notification.state == "waiting":  # and due: its patience is over
            return Cancel("no_address")
        return Wait("waiting", "no_address", due.now + ADDRESS_PATIENCE)
    return _quiet(due) or Send(address)


def _unwanted(due: Due, _order: Order) -> Decision | None:
    settings, notification = due.account.settings, due.notification
    if not due.account.exists:
        return Cancel("account_gone")
    is_of_ladder = notification.kind == "reminder" and not notification.is_asked
    if is_of_ladder and not settings.ladder:
        return Cancel("switched_off")
    if not getattr(settings.channels, notification.channel):
        return _instead(due, "switched_off")
    return None


def _reminder_of_what_is_settled(due: Due, order: Order) -> Decision | None:
    if due.notification.kind != "reminder":
        return None
    if order.order_status == "cancelled":
        return Cancel("order_cancelled")
    if order.payment_status in ("paid", "refunded"):
        return Cancel(order.payment_status)
    if order.payment_status not in REMINDED:
        return Cancel("no_longer_overdue")
    if order.open_amount is not None and order.open_amount <= 0:
        return Cancel("nothing_open")
    return None


def _step_of_another_day(due: Due, order: Order) -> Decision | None:
    """Cancel a step whose ground is gone: a pending order's due date was moved or taken away since it was planned."""
    notification, settings = due.notification, due.account.settings
    if notification.kind != "reminder" or notification.is_asked or order.payment_status != "pending":
        return None
    if order.due_date is None:
        return Cancel("no_longer_overdue")
    if notification.step > len(settings.ladder):
        return None
    days = timedelta(days=settings.ladder[notification.step - 1])
    try:
        is_early = start_of(order.due_date + days, settings) > due.now
    except OverflowError:
        return None
    return Cancel("not_due") if is_early else None


def _thanks_for_nothing(due: Due, order: Order) -> Decision | None:
    if due.notification.kind != "confirmation":
        return None
    if order.payment_status == "refunded":
        return Cancel("refunded")
    if order.total is not None and order.total < 0:
        return Cancel("credit_note")
    if order.is_paid:
        return None
    if due.notification.event_type == "payment.paid":
        return Cancel("no_longer_paid")
    if order.order_status == "cancelled":
        return Cancel("order_cancelled")
    return None if order.amount_paid else Cancel("no_longer_paid")


def _superseded(due: Due, order: Order) -> Decision | None:
    """Let the newest of several speak: paid, refunded and paid again within the settle time gives one thank-you."""
    notification = due.notification
    if notification.newer:
        return Cancel("superseded")
    if notification.kind != "confirmation" or not order.is_paid or not order.paid_since or not notification.run_began:
        return None
    # The newer run's own notification may not be planned yet: its event is still under way.
    return Cancel("superseded") if order.paid_since > notification.run_began else None


def _suppressed(due: Due, _order: Order) -> Decision | None:
    return _instead(due, "suppressed") if due.is_suppressed else None


def _not_set_up(due: Due, _order: Order) -> Decision | None:
    is_usable = due.notification.channel != "whatsapp" or due.account.templates is not None
    return None if is_usable or not takes_over(due) else HandOver("not_set_up")


def _instead(due: Due, reason: str) -> Decision:
    return HandOver(reason) if takes_over(due) else Cancel(reason)


def _paused(due: Due, _order: Order) -> Decision | None:
    if due.notification.kind != "reminder" or due.notification.is_asked or not due.is_paused:
        return None
    return Wait("held", "paused", due.now + PAUSE_LOOK)


def _settling(due: Due, order: Order) -> Decision | None:
    """Wait until the order has been at rest for the settle time; what was tried before has waited."""
    if due.notification.attempts or due.notification.state == "sending" or order.updated_at is None:
        return None
    settle = timedelta(seconds=due.settle_seconds)
    latest = due.notification.created_at + max(MOST_SETTLINGS * settle, LEAST_SETTLING)
    until = min(order.updated_at + settle, latest)
    return Wait("planned", "settling", until) if until > due.now else None


def _quiet(due: Due) -> Decision | None:
    if due.notification.kind != "reminder" or due.notification.is_asked:
        return None
    hold = hold_of(due.now, due.account.settings)
    return None if hold is None else Wait("held", hold.reason, hold.until)


_RULES: Final[tuple[Rule, ...]] = (
    _unwanted,
    _reminder_of_what_is_settled,
    _step_of_another_day,
    _thanks_for_nothing,
    _superseded,
    _suppressed,
    _not_set_up,
    _paused,
    _settling,
)
