"""When reminders may leave, as a table: hours, Sundays, holidays, changes of the clock, broken settings."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.account_settings import AccountSettings, QuietHours
from shared.quiet_times import Hold, hold_of, leaves_at, local_day, start_of

ALWAYS = AccountSettings(quiet_hours=QuietHours("00:00", "24:00"), quiet_sundays=False, quiet_holidays=False)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "reason", "until"),
    [
        ("2026-11-24 07:00", None, None),  # Tuesday, 8:00 in Amsterdam
        ("2026-11-24 06:59", "quiet_hours", "2026-11-24 07:00"),
        ("2026-11-24 18:59", None, None),
        ("2026-11-24 19:00", "quiet_hours", "2026-11-25 07:00"),
        ("2026-11-28 19:00", "quiet_hours", "2026-11-30 07:00"),  # Saturday evening: Sunday is quiet too
        ("2026-11-22 12:00", "sunday", "2026-11-23 07:00"),
        ("2026-07-07 06:00", None, None),  # in summer 8:00 comes an hour sooner
        # King's Day is a Monday; then Christmas, from Thursday evening until Monday.
        ("2026-04-25 19:00", "quiet_hours", "2026-04-28 06:00"),
        ("2026-12-25 12:00", "holiday", "2026-12-28 07:00"),
        ("2026-12-31 19:30", "quiet_hours", "2027-01-02 07:00"),
        ("2027-01-01 12:00", "holiday", "2027-01-02 07:00"),
        # The nights in which the clock changes end on a Sunday.
        ("2026-03-28 19:30", "quiet_hours", "2026-03-30 06:00"),
        ("2026-10-24 18:30", "quiet_hours", "2026-10-26 07:00"),
    ],
)
def test_by_default_reminders_leave_by_day_and_on_no_sunday_or_holiday(
    moment: str, reason: str | None, until: str | None
) -> None:
    expected = None if reason is None or until is None else Hold(reason, utc(until))
    assert hold_of(utc(moment), AccountSettings()) == expected


def test_all_of_it_can_be_switched_off() -> None:
    moment = utc("2026-12-20 00:00")
    for _ in range(24 * 14):
        assert hold_of(moment, ALWAYS) is None
        moment += timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours", "moment", "leaves"),
    [
        (("02:30", "20:00"), "2026-03-29 00:00", "2026-03-29 01:30"),  # 2:30 is skipped: at 3:30 by the new clock
        (("02:30", "20:00"), "2026-10-25 00:00", "2026-10-25 00:30"),  # 2:30 comes twice: at the first
        (("02:30", "20:00"), "2026-10-25 01:35", "2026-10-25 01:35"),  # and not held at the second
        (("00:00", "02:30"), "2026-03-29 01:15", "2026-03-29 22:00"),  # 3:15 by the new clock: the next midnight
    ],
)
def test_clocks_on_the_wall_decide_when_they_change(hours: tuple[str, str], moment: str, leaves: str) -> None:
    settings = AccountSettings(quiet_hours=QuietHours(*hours), quiet_sundays=False)
    assert leaves_at(utc(moment), settings) == utc(leaves)


@pytest.mark.parametrize(
    "broken",
    [
        {"quiet_hours": QuietHours("x", "y")},
        {"quiet_hours": QuietHours("20:00", "08:00")},
        {"quiet_hours": QuietHours("08:00", "99:00")},
        {"quiet_hours": QuietHours("", "")},
        {"timezone": "Mars/Olympus"},
        {"timezone": ""},
        {"timezone": "../../etc/passwd"},
    ],
)
def test_settings_that_make_no_sense_are_the_defaults(broken: dict[str, Any]) -> None:
    moment = utc("2026-11-24 06:00")
    assert hold_of(moment, AccountSettings(**broken)) == hold_of(moment, AccountSettings())


def test_a_day_is_the_accounts_day() -> None:
    tokyo = AccountSettings(timezone="Asia/Tokyo")
    assert local_day(utc("2026-12-31 15:00"), tokyo) == date(2027, 1, 1)
    assert start_of(date(2027, 1, 1), tokyo) == utc("2026-12-31 15:00")


@pytest.mark.parametrize("year", [1, 1899, 2500, 8999])
def test_no_year_of_the_calendar_breaks_it(year: int) -> None:
    moment = datetime(year, 6, 15, 2, tzinfo=UTC)
    assert leaves_at(moment, AccountSettings()) >= moment
