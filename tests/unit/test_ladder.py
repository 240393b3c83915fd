"""The ladder of reminders, as a table over due dates, histories and moments."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from shared.account_settings import AccountSettings, QuietHours
from shared.ladder import Change, Chased, Given, Tone, current_cycle, steps_ahead, tone_of

SETTINGS = AccountSettings()
AWAKE = AccountSettings(quiet_hours=QuietHours("00:00", "24:00"), quiet_sundays=False, quiet_holidays=False)
ORDER = UUID(int=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def change(moment: str, payment: str | None = None, status: str | None = "processing") -> Change:
    return Change(utc(moment), payment, status)


PENDING = Chased(
    order_id=ORDER,
    payment_status="pending",
    order_status="processing",
    due_date=date(2026, 11, 24),
    open_amount=Decimal(100),
    changes=(change("2026-11-01 10:00", "pending"),),
)
OVERDUE = replace(
    PENDING,
    payment_status="overdue",
    due_date=None,
    changes=(change("2026-11-01 10:00", "pending"), change("2026-11-24 12:34", "overdue")),
)


def ahead(order: Chased, now: str, settings: AccountSettings = SETTINGS) -> list[tuple[int, str]]:
    return [(step.number, f"{step.due_at:%Y-%m-%d %H:%M}") for step in steps_ahead(settings, order, utc(now))]


def test_steps_are_days_after_the_due_date_at_the_hour_when_reminders_may_leave() -> None:
    assert ahead(PENDING, "2026-11-02 00:00") == [
        (1, "2026-11-24 07:00"),
        (2, "2026-12-01 07:00"),
        (3, "2026-12-08 07:00"),
    ]


def test_steps_before_the_due_date_come_first() -> None:
    settings = replace(SETTINGS, ladder=(-3, 0, 7))
    # The third before is a Saturday; a Sunday's step moves to Monday.
    assert ahead(PENDING, "2026-11-02 00:00", settings)[0] == (1, "2026-11-21 07:00")
    sunday = replace(PENDING, due_date=date(2026, 11, 25))
    assert ahead(sunday, "2026-11-02 00:00", settings)[0] == (1, "2026-11-23 07:00")


def test_steps_that_fall_on_the_turn_of_the_year_wait_for_the_first_day_that_is_no_holiday() -> None:
    order = replace(PENDING, due_date=date(2026, 12, 25))
    assert ahead(order, "2026-11-02 00:00") == [
        (1, "2026-12-28 07:00"),
        (2, "2027-01-02 07:00"),
        (3, "2027-01-08 07:00"),
    ]


@pytest.mark.parametrize(("due", "leaves"), [("2026-03-28", "07:00"), ("2026-03-30", "06:00"), ("2026-10-26", "07:00")])
def test_a_changed_clock_changes_no_hour_on_the_wall(due: str, leaves: str) -> None:
    order = replace(PENDING, due_date=date.fromisoformat(due), changes=())
    assert ahead(order, "2026-01-02 00:00")[0] == (1, f"{due} {leaves}")


def test_with_quiet_hours_off_a_step_comes_with_the_accounts_day() -> None:
    assert ahead(PENDING, "2026-11-02 00:00", AWAKE)[0] == (1, "2026-11-23 23:00")
    tokyo = replace(AWAKE, timezone="Asia/Tokyo")
    assert ahead(PENDING, "2026-11-02 00:00", tokyo)[0] == (1, "2026-11-23 15:00")


def test_of_missed_steps_the_newest_alone_is_due() -> None:
    assert ahead(PENDING, "2026-12-02 09:00") == [(2, "2026-12-01 07:00"), (3, "2026-12-08 07:00")]
    assert ahead(PENDING, "2027-03-01 09:00") == [(3, "2026-12-08 07:00")]


def test_what_was_given_is_over_and_what_lies_before_it_too() -> None:
    given = replace(PENDING, given=(Given(utc("2026-12-02 09:00"), 2),))
    assert ahead(given, "2026-12-02 09:01") == [(3, "2026-12-08 07:00")]
    assert ahead(replace(given, given=(Given(utc("2026-12-08 07:00"), 3),)), "2026-12-09 00:00") == []


def test_overdue_starts_the_ladder_at_once_and_its_days_are_counted_from_then() -> None:
    assert ahead(OVERDUE, "2026-11-24 12:34") == [
        (1, "2026-11-24 12:34"),
        (2, "2026-12-01 12:34"),
        (3, "2026-12-08 12:34"),
    ]


def test_overdue_at_night_is_due_at_once_and_held_by_whoever_sends() -> None:
    night = replace(OVERDUE, changes=(change("2026-11-24 23:00", "overdue"),))
    assert ahead(night, "2026-11-24 23:01") == [
        (1, "2026-11-24 23:00"),
        (2, "2026-12-02 07:00"),
        (3, "2026-12-09 07:00"),
    ]


def test_overdue_before_the_due_date_starts_at_once_and_goes_on_by_the_date() -> None:
    early = replace(OVERDUE, due_date=date(2026, 12, 1))
    assert ahead(early, "2026-11-24 12:34") == [
        (1, "2026-11-24 12:34"),
        (2, "2026-12-08 07:00"),
        (3, "2026-12-15 07:00"),
    ]


def test_overdue_long_after_the_due_date_begins_with_the_first_step() -> None:
    late = replace(OVERDUE, due_date=date(2026, 11, 14))
    assert ahead(late, "2026-11-24 12:34") == [(1, "2026-11-24 12:34"), (3, "2026-11-28 07:00")]


def test_overdue_after_a_reminder_starts_nothing_anew() -> None:
    reminded = replace(OVERDUE, due_date=date(2026, 11, 20), given=(Given(utc("2026-11-20 07:00"), 1),))
    assert ahead(reminded, "2026-11-24 12:34") == [(2, "2026-11-27 07:00"), (3, "2026-12-04 07:00")]


def test_without_a_due_date_or_overdue_there_is_nothing_to_come() -> None:
    assert ahead(replace(PENDING, due_date=None), "2026-12-02 09:00") == []
    assert ahead(PENDING, "2026-12-02 09:00", replace(SETTINGS, ladder=())) == []


@pytest.mark.parametrize(
    "settled",
    [
        {"payment_status": "paid"},
        {"payment_status": "refunded"},
        {"payment_status": None},
        {"order_status": "cancelled"},
        {"open_amount": Decimal(0)},
        {"open_amount": Decimal(-5)},
    ],
)
def test_what_is_settled_has_no_steps(settled: dict[str, Any]) -> None:
    assert ahead(replace(PENDING, **settled), "2026-12-02 09:00") == []


def test_an_unknown_total_is_reminded_of() -> None:
    assert len(ahead(replace(PENDING, open_amount=None), "2026-11-02 09:00")) == 3


PAID_AND_OVERDUE = replace(
    OVERDUE,
    due_date=date(2026, 11, 3),
    changes=(
        change("2026-11-01 10:00", "pending"),
        change("2026-11-05 10:00", "overdue"),
        change("2026-11-06 10:00", "paid"),
        change("2026-11-24 12:34", "overdue"),
    ),
    given=(Given(utc("2026-11-05 10:00"), 1),),
)


def test_overdue_after_paid_is_a_new_cycle_with_steps_and_ids_of_its_own() -> None:
    assert ahead(PAID_AND_OVERDUE, "2026-11-24 12:34") == [
        (1, "2026-11-24 12:34"),
        (2, "2026-12-01 12:34"),
        (3, "2026-12-08 12:34"),
    ]
    first = current_cycle(ORDER, PAID_AND_OVERDUE.changes[:2])
    assert current_cycle(ORDER, PAID_AND_OVERDUE.changes).id != first.id
    assert first.id == current_cycle(ORDER, PENDING.changes).id


@pytest.mark.parametrize("end", [{"payment": "paid"}, {"payment": "refunded"}, {"status": "cancelled"}])
def test_each_end_of_a_cycle_counts(end: dict[str, Any]) -> None:
    changes = (
        change("2026-11-01 10:00", "overdue"),
        change("2026-11-02 10:00", **end),
        change("2026-11-03 10:00", "overdue"),
    )
    cycle = current_cycle(ORDER, changes)
    assert (cycle.began, cycle.overdue_since) == (utc("2026-11-03 10:00"), utc("2026-11-03 10:00"))


def test_overdue_pending_overdue_is_one_cycle() -> None:
    changes = (*OVERDUE.changes, change("2026-11-25 10:00", "pending"), change("2026-11-26 10:00", "overdue"))
    assert current_cycle(ORDER, changes).began is None
    again = replace(OVERDUE, changes=changes, given=(Given(utc("2026-11-24 12:35"), 1),))
    assert ahead(again, "2026-11-26 10:00") == [(2, "2026-12-01 12:34"), (3, "2026-12-08 12:34")]


def test_a_reopened_order_is_chased_by_a_due_date_of_its_new_cycle_alone() -> None:
    reopened = replace(PENDING, changes=(change("2026-11-01 10:00", "paid"), change("2026-11-25 10:00", "pending")))
    assert ahead(reopened, "2026-12-02 09:00") == []
    renewed = replace(reopened, due_date=date(2026, 12, 3))
    assert ahead(renewed, "2026-12-02 09:00")[0] == (1, "2026-12-03 07:00")


def test_a_ladder_that_was_changed_under_way_repeats_no_step_and_no_number() -> None:
    given = replace(PENDING, given=(Given(utc("2026-11-24 07:00"), 1), Given(utc("2026-12-01 07:00"), 2)))
    longer = replace(SETTINGS, ladder=(0, 3, 7, 14, 21))
    assert ahead(given, "2026-12-02 09:00", longer) == [(4, "2026-12-08 07:00"), (5, "2026-12-15 07:00")]
    other = replace(SETTINGS, ladder=(30,))
    assert ahead(given, "2026-12-02 09:00", other) == [(3, "2026-12-24 07:00")]


def test_what_a_person_asked_for_takes_no_number() -> None:
    asked = replace(PENDING, given=(Given(utc("2026-11-20 12:00"), 1, asked=True),))
    assert ahead(asked, "2026-11-20 12:01")[0] == (1, "2026-11-24 07:00")


@pytest.mark.parametrize("due", [date(1, 1, 1), date(9999, 12, 31)])
def test_no_due_date_breaks_the_calendar(due: date) -> None:
    assert steps_ahead(replace(SETTINGS, ladder=(-365, 365)), replace(PENDING, due_date=due), utc("2026-11-24 12:00"))


@pytest.mark.parametrize(
    ("before", "step", "ladder", "tone"),
    [
        (0, 1, (0, 7, 14), "first"),
        (1, 2, (0, 7, 14), "second"),
        (2, 3, (0, 7, 14), "final"),
        (0, 3, (0, 7, 14), "first"),  # two were missed: nothing is repeated that was never said
        (2, 3, (0, 7, 14, 21, 28), "again"),
        (4, 5, (0, 7, 14, 21, 28), "final"),
        (0, 1, (0,), "first"),
    ],
)
def test_tones_rise_with_what_was_said(before: int, step: int, ladder: tuple[int, ...], tone: Tone) -> None:
    assert tone_of(step, ladder, before=before, is_late=True) == tone
    assert tone_of(step, ladder, before=before, is_late=False) == "notice"


def test_every_moment_asked_about_gives_the_same_steps_until_one_is_given() -> None:
    moment, steps = utc("2026-11-20 00:00"), steps_ahead(SETTINGS, PENDING, utc("2026-11-20 00:00"))
    while moment < utc("2026-12-20 00:00"):
        found = steps_ahead(SETTINGS, PENDING, moment)
        assert found == steps[-len(found) :]
        moment += timedelta(hours=5)
