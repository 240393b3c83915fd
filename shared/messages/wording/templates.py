"""The texts that an account registers as WhatsApp templates; {{1}} and so on are put in by Meta.

The README's table shows them, and a test holds it to this. A template neither begins nor ends with a parameter, and all
of one name have the same parameters in every language. `..._button` stands in the place of the one without where the
account's links all begin alike: its button opens the link, so the text has none.
"""

from typing import Final

from shared.ladder import Tone

NOTICE: Final = "payment_notice"
FIRST: Final = "payment_reminder"
SECOND: Final = "payment_reminder_second"
FINAL: Final = "payment_reminder_final"
PAID: Final = "payment_confirmation"
PARTIAL: Final = "payment_confirmation_partial"

BUTTON_SUFFIX: Final = "_button"

BODIES: Final[dict[str, dict[str, str]]] = {
    NOTICE: {
        "nl": (
            "Beste {{1}}, een vriendelijke herinnering: de betaaltermijn van factuur {{2}} van {{3}} loopt binnenkort "
            "af. Wilt u {{4}} op tijd betalen? Dat kan via {{5}}. Heeft u intussen al betaald? Dan kunt u dit bericht "
            "als niet verzonden beschouwen. Dank u wel!"
        ),
        "en": (
            "Dear {{1}}, a friendly reminder: invoice {{2}} of {{3}} is due soon. Would you please pay {{4}} in time? "
            "You can do so via {{5}}. Have you paid in the meantime? Then please disregard this message. Thank you!"
        ),
    },
    FIRST: {
        "nl": (
            "Beste {{1}}, misschien is het aan uw aandacht ontsnapt: factuur {{2}} van {{3}} staat nog open. Wilt u "
            "{{4}} aan ons betalen? Dat kan via {{5}}. Heeft u intussen al betaald? Dan kunt u dit bericht als niet "
            "verzonden beschouwen. Dank u wel!"
        ),
        "en": (
            "Dear {{1}}, it may have escaped your attention: invoice {{2}} of {{3}} is still open. Would you please "
            "pay us {{4}}? You can do so via {{5}}. Have you paid in the meantime? Then please disregard this message. "
            "Thank you!"
        ),
    },
    SECOND: {
        "nl": (
            "Beste {{1}}, wij schreven u eerder over factuur {{2}} van {{3}}. Die staat volgens onze "
            "administratie nog open. Wilt u {{4}} zo spoedig mogelijk betalen? Dat kan via {{5}}. Heeft u intussen al "
            "betaald? Dan kunt u dit bericht als niet verzonden beschouwen. Dank u wel!"
        ),
        "en": (
            "Dear {{1}}, we wrote to you before about invoice {{2}} of {{3}}. According to our records "
            "it is still open. Would you please pay {{4}} as soon as possible? You can do so via {{5}}. Have you paid "
            "in the meantime? Then please disregard this message. Thank you!"
        ),
    },
    FINAL: {
        "nl": (
            "Beste {{1}}, ondanks onze eerdere herinneringen is factuur {{2}} van {{3}} nog niet betaald. Wij "
            "verzoeken u dringend {{4}} nu te betalen. Dat kan via {{5}}. Heeft u intussen al betaald? Dan kunt u dit "
            "bericht als niet verzonden beschouwen."
        ),
        "en": (
            "Dear {{1}}, despite our earlier reminders invoice {{2}} of {{3}} has not been paid. We urge you to pay "
            "{{4}} now. You can do so via {{5}}. Have you paid in the meantime? Then please disregard this message."
        ),
    },
    PAID: {
        "nl": "Beste {{1}}, hartelijk dank! {{3}} heeft {{4}} voor factuur {{2}} ontvangen. Daarmee is alles betaald.",
        "en": "Dear {{1}}, thank you! {{3}} has received {{4}} for invoice {{2}}. Nothing is left to be paid.",
    },
    PARTIAL: {
        "nl": "Beste {{1}}, hartelijk dank! {{3}} heeft {{4}} voor factuur {{2}} ontvangen. Er staat nog {{5}} open.",
        "en": "Dear {{1}}, thank you! {{3}} has received {{4}} for invoice {{2}}. There is still {{5}} to be paid.",
    },
}

BUTTON_BODIES: Final[dict[str, dict[str, str]]] = {
    f"{name}{BUTTON_SUFFIX}": {
        "nl": BODIES[name]["nl"].replace(" Dat kan via {{5}}.", ""),
        "en": BODIES[name]["en"].replace(" You can do so via {{5}}.", ""),
    }
    for name in (NOTICE, FIRST, SECOND, FINAL)
}

REMINDERS: Final[dict[Tone, str]] = {
    "notice": NOTICE,
    "first": FIRST,
    "second": SECOND,
    "again": SECOND,
    "final": FINAL,
}
"""Which template says it in which tone."""

BUTTON_LABELS: Final = {"nl": "Bekijk en betaal", "en": "View and pay"}

UNKNOWN_CLIENT: Final = {"nl": "klant", "en": "customer"}
OPEN_AMOUNT: Final = {"nl": "het openstaande bedrag", "en": "the open amount"}
YOUR_PAYMENT: Final = {"nl": "uw betaling", "en": "your payment"}
SOME_AMOUNT: Final = {"nl": "een bedrag", "en": "an amount"}
TRANSFER: Final = {
    "nl": "een overboeking naar {iban} ten name van {name}",
    "en": "a transfer to {iban} in the name of {name}",
}
INVOICE_DETAILS: Final = {"nl": "de gegevens op de factuur", "en": "the details on the invoice"}
"""What stands in a parameter's place where nobody told its value."""
