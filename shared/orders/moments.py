"""Dates and moments as senders write them: ISO 8601 dates and RFC 3339 timestamps, and microseconds inside."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]((?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,40}))?"
    r"([Zz]|[+-][0-9]{2}:[0-5][0-9])",
    re.ASCII,
)
_MICROSECOND: Final = timedelta(microseconds=1)


def is_date(text: str) -> bool:
    """Tell whether `text` is a day of the calendar, written YYYY-MM-DD."""
    if _DATE.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def parse_timestamp(text: str) -> int | None:
    """Return an RFC 3339 timestamp as microseconds since 1970 (finer digits are dropped), or None.

    A moment that is in the year 0 or 10000 in UTC is None too: no `datetime` holds it.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    day, clock, fraction, offset = match.groups(default="")
    offset = "+00:00" if offset in "Zz" else offset
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}.{fraction[:6].ljust(6, '0')}{offset}")
        return to_microseconds(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def to_datetime(microseconds: int) -> datetime:
    """Return the moment so many microseconds after 1970, in UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_microseconds(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970."""
    return (moment - EPOCH) // _MICROSECOND


def write_timestamp(microseconds: int) -> str:
    """Return a moment in RFC 3339, UTC, to the microsecond."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{_second(seconds)}.{rest:06}Z"


@lru_cache(maxsize=256)  # a batch tells of many moments within a few seconds
def _second(seconds: int) -> str:
    return to_datetime(seconds * 1_000_000).replace(tzinfo=None).isoformat(timespec="seconds")


def write_moment(moment: datetime | None) -> str | None:
    """Return what Postgres gave of a moment as `write_timestamp` does, None for none."""
    return None if moment is None else write_timestamp(to_microseconds(moment))
