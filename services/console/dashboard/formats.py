"""What a page shows to one reader: values in the form of a language and a time zone, and foreign text of many lines.

Money, numbers and foreign text on one line are written as messages write them (`shared.messages.formats`).
"""

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import get_currency_symbol

from services.console.months import Month
from shared.messages.formats import UNSHOWN, show_money, show_number, show_text


class Formats:
    """Writes values for one reader: their language, and the account's time zone."""

    def __init__(self, locale: str, zone: str) -> None:
        self._locale = locale
        self.zone: tzinfo = ZoneInfo(zone)

    def money(self, amount: str | None, currency: str | None) -> str:
        """Return an amount, exact to its last decimal: "€ 2.950,00" in Dutch; an en dash where there is none."""
        if amount is None:
            return "–"
        return show_money(Decimal(amount), currency, self._locale)

    def currency(self, code: str) -> str:
        """Return how a currency is called: its code, with its sign where it has one."""
        sign = get_currency_symbol(code, locale=self._locale)
        return code if sign == code else f"{code} ({sign})"

    def number(self, number: str | float | Decimal) -> str:
        """Return a number, exact to its last decimal."""
        return show_number(Decimal(str(number)), self._locale)

    def day(self, day: str | date | None) -> str:
        """Return a day: "22 nov 2026"."""
        if day is None:
            return "–"
        return format_date(_date(day), format="medium", locale=self._locale)

    def moment(self, moment: str | datetime) -> str:
        """Return a moment on the account's clock: "22 nov 2026 14:03"."""
        return format_datetime(
            self.local(moment), format="d MMM y HH:mm" if self._locale != "en_US" else "medium", locale=self._locale
        )

    def clock(self, moment: str | datetime) -> str:
        """Return a time of day on the account's clock."""
        return format_datetime(self.local(moment), format="HH:mm", locale=self._locale)

    def month(self, month: Month | str) -> str:
        """Return a month: "november 2026"."""
        return format_skeleton("yMMMM", _first(month), locale=self._locale)

    def short_month(self, month: Month | str) -> str:
        """Return a month as a chart's axis names it: "nov"."""
        return format_date(_first(month), format="LLL", locale=self._locale).rstrip(".")

    def utc(self, local: datetime) -> str:
        """Return a time on the account's clock as a moment of RFC 3339; raise OverflowError beyond the calendar."""
        return local.replace(tzinfo=self.zone).astimezone(UTC).isoformat()

    def local(self, moment: str | datetime) -> datetime:
        """Return a moment on the account's clock."""
        return (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(self.zone)


def show_lines(text: object) -> str:
    """Return foreign text of several lines, without what could change how the rest is read."""
    return "\n".join(map(show_text, str(text).split("\n")))


def escape_unshown(text: str) -> str:
    """Return text of several lines with what could change how it is read written as escapes of JSON."""
    return "\n".join(UNSHOWN.sub(lambda found: f"\\u{ord(found[0]):04x}", line) for line in text.split("\n"))


def _date(day: str | date) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


def _first(month: Month | str) -> date:
    found = Month.parse(month) if isinstance(month, str) else month
    if found is None:
        raise ValueError(f"no month: {month}")
    return found.first_day
