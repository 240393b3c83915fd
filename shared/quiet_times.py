"""When reminders may leave: not in the account's quiet hours, nor on Sundays and Dutch public holidays. Pure.

Clocks on the wall decide, in the account's time zone: on a day that has 23 or 25 hours, eight o'clock is still eight
o'clock.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from msgspec import Struct

from shared.account_settings import TIMEZONE, AccountSettings, QuietHours

_MINUTES_OF_DAY: Final = 24 * 60
_SUNDAY: Final = 7
_LONGEST_SEARCH_DAYS: Final = 30
"""No run of Sundays and holidays is longer."""
_CALENDAR_YEARS: Final = range(1970, 2200)
"""The years whose holidays are looked up; the calendar keeps each that was asked for."""


class Hold(Struct, frozen=True):
    """A reminder stays where it is until a moment (UTC); the reason is shown to the account."""

    reason: str
    until: datetime


def zone_of(settings: AccountSettings) -> ZoneInfo:
    """Return an account's time zone; one that this host does not know counts as the default, so that nothing stops."""
    try:
        return ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(TIMEZONE)


def local_day(moment: datetime, settings: AccountSettings) -> date:
    """Return the day that a moment falls on where the account is."""
    return moment.astimezone(zone_of(settings)).date()


def start_of(day: date, settings: AccountSettings) -> datetime:
    """Return the first moment of a day where the account is."""
    return _at(day, 0, zone_of(settings))


def hold_of(moment: datetime, settings: AccountSettings) -> Hold | None:
    """Return why no reminder may leave at a moment, and when it may; None where it may."""
    zone = zone_of(settings)
    opens, closes = _minutes(settings.quiet_hours)
    local = moment.astimezone(zone)
    reason = _quiet_day(local.date(), settings)
    if reason is None and opens <= local.hour * 60 + local.minute < closes:
        return None
    for ahead in range(_LONGEST_SEARCH_DAYS):
        day = local.date() + timedelta(days=ahead)
        until = _at(day, opens, zone)
        if until > moment and _quiet_day(day, settings) is None:
            return Hold(reason or "quiet_hours", until)
    return None


def leaves_at(moment: datetime, settings: AccountSettings) -> datetime:
    """Return the first moment, from this one on, at which a reminder may leave."""
    hold = hold_of(moment, settings)
    return moment if hold is None else hold.until


def _quiet_day(day: date, settings: AccountSettings) -> str | None:
    if settings.quiet_sundays and day.isoweekday() == _SUNDAY:
        return "sunday"
    if settings.quiet_holidays and day.year in _CALENDAR_YEARS and day in _dutch_holidays():
        return "holiday"
    return None


@cache
def _dutch_holidays() -> holidays.HolidayBase:
    return holidays.country_holidays("NL")


def _minutes(hours: QuietHours) -> tuple[int, int]:
    """Return the minutes of the day between which reminders may leave; hours that make no sense are the default's."""
    try:
        opens, closes = _minute_of(hours.start), _minute_of(hours.end)
    except ValueError:
        opens = closes = 0
    if not 0 <= opens < closes <= _MINUTES_OF_DAY:
        opens, closes = _minute_of(QuietHours().start), _minute_of(QuietHours().end)
    return opens, closes


def _minute_of(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return when a wall clock shows a time: of two such moments the first, of a time that is skipped the one after."""
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)
