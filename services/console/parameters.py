"""The query parameters of a request: read by name, and everything that is wrong with them reported at once."""

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Any, Final, Protocol

from services.console import cursors
from services.console.months import MONTH_FORM, Month
from shared.errors import Fault
from shared.http.problems import Problem
from shared.http.routes import unknown_parameter
from shared.orders.moments import is_date, parse_timestamp, to_datetime
from shared.orders.text import text_fault

_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_MOST_REPORTED: Final = 20


class Query(Protocol):
    """What aiohttp makes of a query string."""

    def getall(self, key: str) -> list[str]:
        """Return every value of a parameter."""
        ...

    def __contains__(self, key: object) -> bool: ...

    def keys(self) -> Collection[str]:
        """Return the names, each as often as it was sent."""
        ...


class Parameters:
    """Reads parameters one by one; `finish` raises 422 if any was wrong, repeated or not asked for."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._known: list[str] = []
        self._faults: list[Fault] = []

    def text(self, name: str, *, most: int) -> str | None:
        """Read a string of 1 to `most` characters."""
        value = self._value(name)
        if value is None:
            return None
        fault = text_fault(value)
        if not 0 < len(value) <= most:
            fault = f"must have 1 to {most} characters"
        if fault is not None:
            self.refuse(name, fault)
            return None
        return value

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """Read one of a few words."""
        value = self._value(name)
        if value is not None and value not in allowed:
            self.refuse(name, f"must be one of {', '.join(allowed)}")
            return None
        return value

    def choices(self, name: str, allowed: Collection[str]) -> tuple[str, ...]:
        """Read one of a few words, or several with commas between them; sorted, none where absent."""
        value = self._value(name)
        chosen = () if value is None else tuple(sorted(set(value.split(","))))
        if not set(chosen) <= set(allowed):
            self.refuse(name, f"must be one of {', '.join(allowed)}, or several of them with commas between")
        return chosen

    def day(self, name: str) -> date | None:
        """Read a day of the calendar."""
        value = self._value(name)
        if value is not None and not is_date(value):
            self.refuse(name, "must be a day such as 2026-11-22")
            return None
        return None if value is None else date.fromisoformat(value)

    def moment(self, name: str) -> datetime | None:
        """Read an RFC 3339 timestamp; the + of an offset that was not escaped arrives as a space, and is taken."""
        value = self._value(name)
        if value is None:
            return None
        microseconds = parse_timestamp(value.replace(" ", "+"))
        if microseconds is None:
            self.refuse(name, "must be an RFC 3339 timestamp such as 2026-11-22T09:30:00Z")
            return None
        return to_datetime(microseconds)

    def month(self, name: str) -> Month | None:
        """Read a month."""
        value = self._value(name)
        month = None if value is None else Month.parse(value)
        if value is not None and month is None:
            self.refuse(name, f"must be {MONTH_FORM}")
        return month

    def currency(self, name: str) -> str | None:
        """Read the code of a currency (ISO 4217)."""
        value = self._value(name)
        if value is not None and _CURRENCY.fullmatch(value) is None:
            self.refuse(name, "must be a currency's code such as EUR")
            return None
        return value

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """Read a whole number."""
        value = self._value(name)
        if value is None:
            return default
        if _WHOLE.fullmatch(value) is None or not least <= int(value) <= most:
            self.refuse(name, f"must be a whole number from {least} to {most}")
            return default
        return int(value)

    def cursor(self, binding: tuple[Any, ...], place_type: Any) -> Any:
        """Read the cursor of the list that `binding` describes, as a place in it; None where absent."""
        text = self._value("cursor")
        if text is None:
            return None
        place = cursors.read_cursor(binding, text, place_type)
        if place is None:
            self.refuse("cursor", "must be the nextCursor of this same list: same address, filters, sort and account")
        return place

    def refuse(self, name: str, message: str) -> None:
        """Note that a parameter is wrong; for a caller who knows more than its form."""
        self._faults.append(Fault(f"/{name}", message))

    def finish(self) -> None:
        """Raise 422 naming every parameter that is wrong, if any is."""
        unknown = sorted(set(self._query.keys()) - set(self._known))
        self._faults += [unknown_parameter(name, self._known) for name in unknown[:_MOST_REPORTED]]
        if self._faults:
            count = "1 parameter is" if len(self._faults) == 1 else f"{len(self._faults)} parameters are"
            named = ", ".join(sorted({fault.pointer[1:] for fault in self._faults} & set(self._known)))
            sentence = f"{count} wrong{f' ({named})' if named else ''}: see errors"
            raise Problem(422, "invalid_parameter", sentence, faults=tuple(self._faults[:_MOST_REPORTED]))

    def _value(self, name: str) -> str | None:
        self._known.append(name)
        values = self._query.getall(name) if name in self._query else []
        if len(values) > 1:
            self.refuse(name, "must be given once")
            return None
        return values[0] if values else None
