"""Which language a reader is shown: their choice, else what their browser asks for, else the account's, else Dutch."""

import re
from typing import Final

from services.console.dashboard.wording import DEFAULT, LANGUAGES, Phrases

_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")
_MOST: Final = 20


def phrases_for(chosen: str | None, accepted: str, accounts: str | None) -> Phrases:
    """Return the phrases of the first wish that we speak; `accepted` is an Accept-Language header (RFC 9110)."""
    wishes = (chosen, *_accepted(accepted), accounts)
    return LANGUAGES[next((wish for wish in wishes if wish in LANGUAGES), DEFAULT)]


def _accepted(header: str) -> list[str]:
    wishes: list[tuple[float, str]] = []
    for part in header.split(",")[:_MOST]:
        match = _RANGE.fullmatch(part)
        if match is not None:
            wishes.append((float(match[2] or 1), match[1].lower()))
    return [wish for quality, wish in sorted(wishes, key=lambda wish: -wish[0]) if quality > 0]
