"""Money and quantities as exact decimal text: reading what a sender wrote, and writing it in answers.

Inside the system an amount is text in its shortest plain form ("2950", "12.5"), in Postgres it is `numeric`; no float
ever touches it.
"""

import re
from functools import lru_cache
from typing import Final

from babel.core import get_global

_NO_DECIMALS: Final = frozenset(
    {
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    }
)
_THREE_DECIMALS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""ISO 4217's minor units; all other currencies have two."""

CURRENCIES: Final = frozenset(
    code
    for currencies in get_global("territory_currencies").values()
    for code, _start, end, is_tender in currencies
    if is_tender and end is None
)
"""The ISO 4217 codes that are legal tender somewhere today (CLDR)."""

_AMOUNT: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,3}))?", re.ASCII)


def decimals_of(currency: str | None) -> int:
    """Return the number of decimals of `currency` (ISO 4217), two where none is known."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


@lru_cache(4096)
def parse_amount(text: str, decimals: int, signed: bool) -> str | None:
    """Return the shortest plain form of an amount, or None where `text` is not written as the API asks.

    The form: plain ASCII digits without superfluous zeros in front, at most 12 before the point, at most `decimals`
    after it, and a leading minus only where `signed` (never on zero).
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction = match.groups(default="")
    if len(fraction) > decimals or (sign and not signed):
        return None
    fraction = fraction.rstrip("0")
    amount = f"{whole}.{fraction}" if fraction else whole
    if sign and amount == "0":
        return None
    return sign + amount


def write_amount(amount: str, currency: str | None) -> str:
    """Return an amount with at least the decimals of its currency: "2950" in EUR becomes "2950.00"."""
    whole, _, fraction = amount.partition(".")
    fraction = fraction.ljust(decimals_of(currency), "0")
    return f"{whole}.{fraction}" if fraction else whole


def amount_example(decimals: int) -> str:
    """Return an amount with so many decimals, for a message that shows the right form."""
    return "2950" if decimals == 0 else "2950." + "00050"[-decimals:]
