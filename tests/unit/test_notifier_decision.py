"""What becomes of a notification, as a table."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from services.notifier.backoff import MESSAGE_SECONDS, MOST_ATTEMPTS, message_pause, server_pause
from services.notifier.decision import (
    ADDRESS_PATIENCE,
    LEAST_SETTLING,
    PAUSE_LOOK,
    Cancel,
    Decision,
    Send,
    Wait,
    decide,
)
from services.notifier.due import Due
from services.notifier.notification import Notification
from services.notifier.outcome import PutOff, Refused, Sent, Unreachable, result_of
from shared.account_settings import AccountSettings, Channels, QuietHours
from shared.dunning import ASKED
from shared.messages.account import Account
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
    created_at=NOW,
    due_at=NOW,
    run_began=BEGAN,
)
PARTIAL = replace(THANKS, event_type="payment.partial")
REMINDER = replace(THANKS, kind="reminder", event_type="reminder.due")
OVERDUE = replace(ORDER, payment_status="overdue", amount_paid=None, paid_since=None)
SEND = Send("klant@bedrijf.nl")
AWAKE = AccountSettings(quiet_hours=QuietHours("00:00", "24:00"), quiet_sundays=False, quiet_holidays=False)


def decided(
    notification: Notification,
    order: Order | None,
    now: datetime = NOW,
    *,
    settings: AccountSettings = AWAKE,
    **more: Any,
) -> Decision:
    account = Account("Studio Jansen", settings)
    fields = {"notification": notification, "order": order, "account": account, "now": now, "settle_seconds": 5.0}
    return decide(Due(**{**fields, **more}))


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
    assert decided(notification, replace(ORDER, **order)) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({}, SEND),
        ({"amount_paid": Decimal(100)}, SEND),
        ({"total": None}, SEND),
        ({"payment_status": "paid"}, Cancel("paid")),
        ({"payment_status": "refunded"}, Cancel("refunded")),
        ({"payment_status": "pending"}, Cancel("no_longer_overdue")),
        ({"payment_status": "pending", "due_date": date(2026, 11, 22)}, SEND),
        ({"payment_status": "pending", "due_date": date(2026, 11, 23)}, Cancel("not_due")),
        ({"payment_status": "overdue", "due_date": date(2026, 11, 23)}, SEND),
        ({"payment_status": None}, Cancel("no_longer_overdue")),
        ({"order_status": "cancelled"}, Cancel("order_cancelled")),
        ({"amount_paid": Decimal(2950)}, Cancel("nothing_open")),
        ({"amount_paid": Decimal(3000)}, Cancel("nothing_open")),
        ({"total": Decimal(-10)}, Cancel("nothing_open")),
    ],
)
def test_reminders_leave_only_while_something_is_overdue(order: dict[str, Any], expected: Decision) -> None:
    assert decided(REMINDER, replace(OVERDUE, **order)) == expected


ASKED_FOR = replace(REMINDER, event_type=ASKED)
NIGHT = datetime(2026, 11, 23, 22, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 7, tzinfo=UTC)


def test_quiet_hours_hold_reminders_but_no_thanks_and_nothing_that_a_person_asked_for() -> None:
    quiet = AccountSettings()
    assert decided(REMINDER, OVERDUE, NIGHT, settings=quiet) == Wait("held", "quiet_hours", MORNING)
    assert decided(REMINDER, OVERDUE, MORNING, settings=quiet) == SEND
    assert decided(ASKED_FOR, OVERDUE, NIGHT, settings=quiet) == SEND
    assert decided(THANKS, ORDER, NIGHT, settings=quiet) == SEND
    assert decided(REMINDER, OVERDUE, NOW, settings=quiet) == Wait(
        "held", "sunday", datetime(2026, 11, 23, 7, tzinfo=UTC)
    )


def test_a_pause_holds_reminders_but_no_thanks() -> None:
    assert decided(REMINDER, OVERDUE, is_paused=True) == Wait("held", "paused", NOW + PAUSE_LOOK)
    assert decided(ASKED_FOR, OVERDUE, is_paused=True) == SEND
    assert decided(THANKS, ORDER, is_paused=True) == SEND
    assert decided(REMINDER, replace(OVERDUE, payment_status="paid"), is_paused=True) == Cancel("paid")


def test_nothing_is_sent_to_a_suppressed_address() -> None:
    for notification, order in ((REMINDER, OVERDUE), (ASKED_FOR, OVERDUE), (THANKS, ORDER)):
        assert decided(notification, order, is_suppressed=True) == Cancel("suppressed")


def test_without_an_account_or_a_ladder_nothing_leaves() -> None:
    assert decided(THANKS, ORDER, account=Account()) == Cancel("account_gone")
    assert decided(REMINDER, OVERDUE, settings=replace(AWAKE, ladder=())) == Cancel("switched_off")
    assert decided(ASKED_FOR, OVERDUE, settings=replace(AWAKE, ladder=())) == SEND
    assert decided(THANKS, ORDER, settings=replace(AWAKE, channels=Channels(email=False))) == Cancel("switched_off")


def test_an_update_begins_the_settle_time_anew_but_not_for_ever() -> None:
    fresh = replace(ORDER, updated_at=NOW - timedelta(seconds=2))
    assert decided(THANKS, fresh) == Wait("planned", "settling", NOW + timedelta(seconds=3))
    assert decided(THANKS, replace(ORDER, updated_at=NOW - timedelta(seconds=5))) == SEND
    assert decided(replace(THANKS, attempts=1), fresh) == SEND
    restless = replace(THANKS, created_at=NOW - timedelta(seconds=58))
    assert decided(restless, fresh) == Wait("planned", "settling", NOW + timedelta(seconds=2))
    assert decided(replace(THANKS, created_at=NOW - LEAST_SETTLING), fresh) == SEND


def test_an_erased_order_is_never_written_about() -> None:
    assert decided(THANKS, None) == Cancel("order_gone")


@pytest.mark.parametrize("address", [None, ""])
def test_nobody_to_reach_waits_three_days_and_no_longer(address: str | None) -> None:
    order = replace(ORDER, customer_email=address)
    assert decided(THANKS, order) == Wait("waiting", "no_address", NOW + ADDRESS_PATIENCE)
    assert decided(replace(THANKS, state="waiting"), order) == Cancel("no_address")
    assert decided(replace(THANKS, state="waiting"), ORDER) == SEND


def test_what_is_settled_does_not_wait_for_an_address() -> None:
    assert decided(REMINDER, replace(ORDER, customer_email=None)) == Cancel("paid")


def test_a_message_is_put_off_for_three_days_and_then_fails() -> None:
    pauses = [result_of(PutOff("451 later"), attempts, 0.5) for attempts in range(1, MOST_ATTEMPTS)]
    assert [result.pause_seconds for result in pauses] == list(MESSAGE_SECONDS)
    assert 2.5 < sum(MESSAGE_SECONDS) / 86_400 < 3.5
    last = result_of(PutOff("451 later"), MOST_ATTEMPTS, 0.5)
    assert (last.state, last.attempt) == ("failed", "failed")


def test_a_server_that_is_away_fails_nothing_and_counts_no_attempt() -> None:
    result = result_of(Unreachable("gone"), MOST_ATTEMPTS, 0.5)
    assert (result.state, result.counts) == ("planned", False)


def test_message_that_is_taken_is_sent_and_one_refused_has_failed() -> None:
    assert result_of(Sent("250 ok"), 1, 0.5).state == "sent"
    assert result_of(Refused("550 no"), 1, 0.5).state == "failed"


def test_pauses_are_spread_and_bounded() -> None:
    assert message_pause(1, 0.0) == pytest.approx(4)
    assert message_pause(1, 1.0) == pytest.approx(6)
    assert server_pause(1, 0.5) == 1
    assert server_pause(1000, 0.5) == 30
