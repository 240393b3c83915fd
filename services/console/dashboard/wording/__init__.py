"""What the dashboard says, one module for each page, its languages side by side; Structs, so that none is forgotten."""

from typing import Final, Literal

from msgspec import Struct

from services.console.dashboard.wording import common, overview, sign_in
from services.console.dashboard.wording.common import Common
from services.console.dashboard.wording.overview import Overview
from services.console.dashboard.wording.sign_in import SignIn

Language = Literal["nl", "en"]
DEFAULT: Final[Language] = "nl"


class Phrases(Struct, frozen=True, kw_only=True):
    """One language. `locale` is how Babel writes its money and dates."""

    language: Language
    locale: str
    common: Common
    sign_in: SignIn
    overview: Overview


LANGUAGES: Final[dict[str, Phrases]] = {
    "nl": Phrases(
        language="nl",
        locale="nl_NL",
        common=common.DUTCH,
        sign_in=sign_in.DUTCH,
        overview=overview.DUTCH,
    ),
    "en": Phrases(
        language="en",
        locale="en_GB",
        common=common.ENGLISH,
        sign_in=sign_in.ENGLISH,
        overview=overview.ENGLISH,
    ),
}
"""Every language by its code."""
