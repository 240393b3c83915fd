"""The last line of defence of the logs: what must not stand in them is struck out, wherever it comes from.

Events name what they log and hold nothing secret or personal. But an error has a text of its own, and a driver's or a
library's may quote what it was given: a row, an address, a URL with a password. So of errors that are not ours a log
tells the class and the frames, no text, but for what Postgres says of a statement or a right (SQLSTATE 42), which names
tables and columns and no row; and whatever still has the form of a key, a token, an address, a number of an account or
of a phone is struck out of every line.
"""

import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Final

from shared.errors import BugalouError

STRUCK: Final = "[redacted]"

_SECRETS: Final = re.compile(
    r"bg_(?:live|test)_[0-9A-Za-z]{4,}"  # an API key, whole or cut short
    r"|whsec_[0-9A-Za-z+/=]{8,}"  # a webhook's secret
    r"|gAAAA[0-9A-Za-z_=-]{20,}"  # a sealed secret
    r"|(?i:bearer)\s+\S+"
    r"|(?<=://)[^/@\s:]*:[^/@\s]*(?=@)"  # user and password of a URL
    r"|[^\s@\"'<>(),;:\[\]]+@[^\s@\"'<>(),;:\[\]]+\.[^\s@\"'<>(),;:\[\]]+"  # an e-mail address
    r"|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"  # an IBAN
    r"|(?<![\w.:+-])\+\d[\d ]{7,18}\d"  # a phone number, E.164
)
_OURS: Final = (BugalouError, OSError)
"""Errors whose text we know: our own, and the system's (no such file, connection refused)."""


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Strike out of an event what must not be in it; the last step before it is written."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = strike(value)
        elif isinstance(value, BaseException):
            event[name] = type(value).__name__
    return event


def strike(text: str) -> str:
    """Return a text without what has the form of a secret or of personal data."""
    return _SECRETS.sub(STRUCK, text)


def format_error(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put an error's frames and class, and its text where it is ours, in the place of `exc_info`."""
    given = event.pop("exc_info", None)
    if isinstance(given, tuple):
        given = given[1]
    elif given is not None and not isinstance(given, BaseException):
        given = sys.exc_info()[1] if given else None
    if given is not None:
        event["exception"] = describe(given)
    return event


def describe(error: BaseException) -> str:
    """Return an error with its causes, the first first, as frames and classes."""
    parts: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        text = f": {strike(str(link))}" if isinstance(link, _OURS) or _is_of_the_schema(link) else ""
        frames = "".join(traceback.format_list(traceback.extract_tb(link.__traceback__)))
        inner = "".join(f"\n{describe(one)}" for one in getattr(link, "exceptions", ()))
        parts.append(f"{frames}{type(link).__module__}.{type(link).__qualname__}{text}{inner}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\ncaused\n".join(reversed(parts))


def _is_of_the_schema(error: BaseException) -> bool:
    """Tell whether Postgres names what its schema lacks or forbids; values are parameters, so none is in the text."""
    return str(getattr(error, "sqlstate", "")).startswith("42")
