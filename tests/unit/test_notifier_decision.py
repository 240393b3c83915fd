"""What becomes of a notification, as a table."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from services.notifier.backoff import MESSAGE_SECONDS, MOST_ATTEMPTS, message_pause, server_pause
from services.notifier.decision import ADDRESS_PATIENCE, Cancel, Decision, Send, Wait, decide
from services.notifier.notification import Notification
from services.notifier.outcome import PutOff, Refused, Sent, Unreachable, result_of
from shared.messages.order import Order

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(seconds=10)
ORDER = Order(
    id=UUID(int=1),
    account=UUID(int=2),
    live=True,
    platform="custom",
    number="INV-2026-042",
    order_status="delivered",
    payment_status="paid",
    customer_email="klant@bedrijf.nl",
    total=Decimal(2950),
    currency="EUR",
    amount_paid=Decimal(2950),
    paid_since=BEGAN,
)
THANKS = Notification(
    id=UUID(int=3),
    account=UUID(int=2),
    live=True,
    order_id=UUID(int=1),
    kind="confirmation",
    event_type="payment.paid",
    run_id=UUID(int=4),
    step=1,
    channel="email",
    state="planned",
    attempts=0,
    run_began=BEGAN,
    newer=False,
)
PARTIAL = replace(THANKS, event_type="payment.partial")
REMINDER = replace(THANKS, kind="reminder", event_type="payment.overdue")
OVERDUE = replace(ORDER, payment_status="overdue", amount_paid=None, paid_since=None)
SEND = Send("klant@bedrijf.nl")


@pytest.mark.parametrize(
    ("notification", "order", "expected"),
    [
        (THANKS, {}, SEND),
        (THANKS, {"payment_status": "refunded"}, Cancel("refunded")),
        (THANKS, {"payment_status": "pending"}, Cancel("no_longer_paid")),
        (THANKS, {"payment_status": None}, Cancel("no_longer_paid")),
        (THANKS, {"order_status": "cancelled"}, SEND),
        (THANKS, {"total": Decimal(-50), "amount_paid": None}, Cancel("credit_note")),
        (THANKS, {"total": None, "amount_paid": None}, SEND),
        (PARTIAL, {"payment_status": "pending", "amount_paid": Decimal(100)}, SEND),
        (PARTIAL, {"payment_status": "overdue", "amount_paid": Decimal(100)}, SEND),
        (PARTIAL, {"payment_status": "pending", "amount_paid": None}, Cancel("no_longer_paid")),
        (PARTIAL, {"payment_status": "refunded"}, Cancel("refunded")),
        (PARTIAL, {"payment_status": "pending", "order_status": "cancelled"}, Cancel("order_cancelled")),
        # Another run has been paid since: its own thank-you is on its way.
        (THANKS, {"paid_since": BEGAN + timedelta(seconds=1)}, Cancel("superseded")),
        (PARTIAL, {"paid_since": BEGAN + timedelta(seconds=1)}, Cancel("superseded")),
        # An older submission came late and lengthened the run backwards.
        (THANKS, {"paid_since": BEGAN - timedelta(seconds=1)}, SEND),
        (replace(THANKS, newer=True), {}, Cancel("superseded")),
    ],
)
def test_thanks_leave_only_while_they_are_deserved(
    notification: Notification, order: dict[str, Any], expected: Decision
) -> None:
    assert decide(notification, replace(ORDER, **order), NOW) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({}, SEND),
        ({"amount_paid": Decimal(100)}, SEND),
        ({"total": None}, SEND),
        ({"payment_status": "paid"}, Cancel("paid")),
        ({"payment_status": "refunded"}, Cancel("refunded")),
        ({"payment_status": "pending"}, Cancel("no_longer_overdue")),
        ({"payment_status": None}, Cancel("no_longer_overdue")),
        ({"order_status": "cancelled"}, Cancel("order_cancelled")),
        ({"amount_paid": Decimal(2950)}, Cancel("nothing_open")),
        ({"amount_paid": Decimal(3000)}, Cancel("nothing_open")),
        ({"total": Decimal(-10)}, Cancel("nothing_open")),
    ],
)
def test_reminders_leave_only_while_something_is_overdue(order: dict[str, Any], expected: Decision) -> None:
    assert decide(REMINDER, replace(OVERDUE, **order), NOW) == expected


def test_a_reminder_of_the_ladder_may_come_before_the_sender_says_overdue() -> None:
    ladder = replace(REMINDER, event_type="reminder.due")
    assert decide(ladder, replace(OVERDUE, payment_status="pending"), NOW) == SEND


def test_an_erased_order_is_never_written_about() -> None:
    assert decide(THANKS, None, NOW) == Cancel("order_gone")


@pytest.mark.parametrize("address", [None, ""])
def test_nobody_to_reach_waits_three_days_and_no_longer(address: str | None) -> None:
    order = replace(ORDER, customer_email=address)
    assert decide(THANKS, order, NOW) == Wait("waiting", "no_address", NOW + ADDRESS_PATIENCE)
    assert decide(replace(THANKS, state="waiting"), order, NOW) == Cancel("no_address")
    assert decide(replace(THANKS, state="waiting"), ORDER, NOW) == SEND


def test_what_is_settled_does_not_wait_for_an_address() -> None:
    assert decide(REMINDER, replace(ORDER, customer_email=None), NOW) == Cancel("paid")


def test_a_message_is_put_off_for_three_days_and_then_fails() -> None:
    pauses = [result_of(PutOff("451 later"), attempts, 0.5) for attempts in range(1, MOST_ATTEMPTS)]
    assert [result.pause_seconds for result in pauses] == list(MESSAGE_SECONDS)
    assert 2.5 < sum(MESSAGE_SECONDS) / 86_400 < 3.5
    last = result_of(PutOff("451 later"), MOST_ATTEMPTS, 0.5)
    assert (last.state, last.attempt) == ("failed", "failed")


def test_a_server_that_is_away_fails_nothing_and_counts_no_attempt() -> None:
    result = result_of(Unreachable("gone"), MOST_ATTEMPTS, 0.5)
    assert (result.state, result.counts) == ("planned", False)


def test_outcomes_become_states() -> None:
    assert result_of(Sent("250 ok"), 1, 0.5).state == "sent"
    assert result_of(Refused("550 no"), 1, 0.5).state == "failed"


def test_pauses_are_spread_and_bounded() -> None:
    assert message_pause(1, 0.0) == pytest.approx(4)
    assert message_pause(1, 1.0) == pytest.approx(6)
    assert server_pause(1, 0.5) == 1
    assert server_pause(1000, 0.5) == 30
