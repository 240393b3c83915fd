"""Months of the calendar, written 2026-11."""

import re
from datetime import date
from typing import Final, Self

from msgspec import Struct

MONTH_FORM: Final = "a month such as 2026-11"
_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_LAST_YEAR: Final = 9999
"""Of Python's calendar, as of ISO 8601's."""


class Month(Struct, frozen=True, order=True):
    """A month; `number` counts from 1 in a year."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the month that `text` names, or None."""
        match = _MONTH.fullmatch(text)
        month = cls(int(match[1]), int(match[2])) if match else None
        return month if month is not None and month.year > 0 else None

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the month of a day."""
        return cls(day.year, day.month)

    def plus(self, months: int) -> "Month":
        """Return the month so many later, or earlier where negative; the calendar's first or last beyond its ends."""
        years, index = divmod(self.year * 12 + self.number - 1 + months, 12)
        if years < 1:
            return Month(1, 1)
        return Month(years, index + 1) if years <= _LAST_YEAR else Month(_LAST_YEAR, 12)

    def until(self, last: "Month") -> int:
        """Return how many months there are from this one to `last`, both counted."""
        return (last.year - self.year) * 12 + last.number - self.number + 1

    @property
    def first_day(self) -> date:
        """The day on which it begins."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """The day on which it ends."""
        if self.number == 12:  # of the last year too, which no next month follows
            return date(self.year, 12, 31)
        return date.fromordinal(date(self.year, self.number + 1, 1).toordinal() - 1)
