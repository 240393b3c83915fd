"""Orders as CSV (RFC 4180), for spreadsheets: which run a cell that begins like a formula, unless it is defused."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from shared.orders.view import FIELDS

COLUMNS: Final = (
    "platform",
    "orderNumber",
    *(name for name in FIELDS if name not in ("items", "metadata")),
    "amountDue",
    "createdAt",
    "updatedAt",
    "version",
    "id",
    "items",
    "metadata",
)
"""The columns; items and metadata last, as JSON."""

_RUN: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The last four are full-width (U+FF1D, U+FF0B, U+FF0D, U+FF20), which some programs read as their narrow selves."""
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)


def header() -> bytes:
    """Return the first line."""
    return _lines([COLUMNS])


def lines_of(orders: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the lines of orders as the API shows them."""
    return _lines([defuse(_text(order[name])) for name in COLUMNS] for order in orders)


def defuse(text: str) -> str:
    """Return text that no spreadsheet takes for a formula (OWASP, CSV injection); a number stays one, -12.50 too."""
    return f"'{text}" if text.startswith(_RUN) and _NUMBER.fullmatch(text) is None else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode()
