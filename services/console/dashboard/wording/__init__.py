"""What the dashboard says, one module for each page, its languages side by side; Structs, so that none is forgotten."""

from typing import Final, Literal

from msgspec import Struct

from services.console.dashboard.wording import (
    actions,
    common,
    failures,
    invoice,
    invoices,
    keys,
    notifications,
    overview,
    settings,
    sign_in,
    webhooks,
    whatsapp,
)
from services.console.dashboard.wording.actions import Actions
from services.console.dashboard.wording.common import Common
from services.console.dashboard.wording.failures import Failures
from services.console.dashboard.wording.invoice import Invoice
from services.console.dashboard.wording.invoices import Invoices
from services.console.dashboard.wording.keys import Keys
from services.console.dashboard.wording.notifications import Notifications
from services.console.dashboard.wording.overview import Overview
from services.console.dashboard.wording.settings import Settings
from services.console.dashboard.wording.sign_in import SignIn
from services.console.dashboard.wording.webhooks import Webhooks
from services.console.dashboard.wording.whatsapp import WhatsApp

Language = Literal["nl", "en"]
DEFAULT: Final[Language] = "nl"


class Phrases(Struct, frozen=True, kw_only=True):
    """One language. `locale` is how Babel writes its money and dates."""

    language: Language
    locale: str
    common: Common
    sign_in: SignIn
    overview: Overview
    invoices: Invoices
    invoice: Invoice
    settings: Settings
    keys: Keys
    failures: Failures
    webhooks: Webhooks
    whatsapp: WhatsApp
    notifications: Notifications
    actions: Actions


LANGUAGES: Final[dict[str, Phrases]] = {
    "nl": Phrases(
        language="nl",
        locale="nl_NL",
        common=common.DUTCH,
        sign_in=sign_in.DUTCH,
        overview=overview.DUTCH,
        invoices=invoices.DUTCH,
        invoice=invoice.DUTCH,
        settings=settings.DUTCH,
        keys=keys.DUTCH,
        failures=failures.DUTCH,
        webhooks=webhooks.DUTCH,
        whatsapp=whatsapp.DUTCH,
        notifications=notifications.DUTCH,
        actions=actions.DUTCH,
    ),
    "en": Phrases(
        language="en",
        locale="en_GB",
        common=common.ENGLISH,
        sign_in=sign_in.ENGLISH,
        overview=overview.ENGLISH,
        invoices=invoices.ENGLISH,
        invoice=invoice.ENGLISH,
        settings=settings.ENGLISH,
        keys=keys.ENGLISH,
        failures=failures.ENGLISH,
        webhooks=webhooks.ENGLISH,
        whatsapp=whatsapp.ENGLISH,
        notifications=notifications.ENGLISH,
        actions=actions.ENGLISH,
    ),
}
"""Every language by its code."""
