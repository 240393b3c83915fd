"""Money, dates and numbers in the form of a language (CLDR, by Babel), and foreign text made safe to show."""

import re
from datetime import date
from decimal import Decimal
from typing import Final

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

UNSHOWN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, and the bidirectional overrides, which can make an amount read backwards."""


def show_text(text: str) -> str:
    """Return foreign text on one line, without what could change how the rest is read."""
    return UNSHOWN.sub(" ", text).strip()


def show_money(amount: Decimal, currency: str | None, locale: str) -> str:
    """Return an amount, exact to its last decimal: "€ 2.950,00" (the space does not break) in Dutch."""
    if currency is None:
        return format_decimal(amount, format="#,##0.00", locale=locale, decimal_quantization=False)
    return format_currency(amount, currency, locale=locale, decimal_quantization=False)


def show_number(number: Decimal, locale: str) -> str:
    """Return a quantity, exact to its last decimal."""
    return format_decimal(number, locale=locale, decimal_quantization=False)


def show_date(day: date, locale: str) -> str:
    """Return a day in words: "22 november 2026"."""
    return format_date(day, format="long", locale=locale)
