"""What is said, in each language; the placeholders in braces are filled with values that are never read as wording."""

from typing import Final

from shared.messages.wording.en import ENGLISH
from shared.messages.wording.nl import DUTCH
from shared.messages.wording.phrases import Phrases

DEFAULT: Final = "nl"

LANGUAGES: Final[dict[str, Phrases]] = {"nl": DUTCH, "en": ENGLISH}


def choose_language(*wishes: str | None) -> str:
    """Return the first wish that we speak (the client's, then the account's), or Dutch."""
    return next((wish for wish in wishes if wish in LANGUAGES), DEFAULT)
