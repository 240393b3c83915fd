"""What the pages for signing in say."""

from typing import Final

from msgspec import Struct


class SignIn(Struct, frozen=True, kw_only=True):
    """Phrases of signing in, by key or by link."""

    title: str
    lead: str
    key: str
    key_hint: str
    submit: str
    wrong: str
    unusable: str
    lacks_reading: str
    too_many: str
    loading: str
    or_link: str
    link_title: str
    link_lead: str
    link_submit: str
    link_used: str
    link_used_hint: str
    signed_out: str


DUTCH: Final = SignIn(
    title="Inloggen",
    lead="Al uw facturen en betalingen in één overzicht.",
    key="API-sleutel",
    key_hint="Begint met bg_live_ of bg_test_.",
    submit="Inloggen",
    wrong="Deze sleutel is niet bekend. Kopieer hem helemaal, zonder spaties.",
    unusable="Deze sleutel is verlopen of ingetrokken.",
    lacks_reading="Met deze sleutel mogen geen facturen worden gelezen. Gebruik een andere.",
    too_many="Te veel mislukte pogingen. Probeer het over {minutes} min. opnieuw.",
    loading="De sleutels worden nog geladen. Probeer het zo opnieuw.",
    or_link="Geen sleutel bij de hand? Op de server maakt dit commando een eenmalige link:",
    link_title="Inloggen met een eenmalige link",
    link_lead="De link werkt één keer. Daarna blijft deze browser ingelogd tot u uitlogt of de sessie verloopt.",
    link_submit="Nu inloggen",
    link_used="Deze link werkt niet meer",
    link_used_hint="Hij is al gebruikt of verlopen. Maak een nieuwe, of log in met een API-sleutel.",
    signed_out="U bent uitgelogd.",
)

ENGLISH: Final = SignIn(
    title="Sign in",
    lead="All your invoices and payments at a glance.",
    key="API key",
    key_hint="Begins with bg_live_ or bg_test_.",
    submit="Sign in",
    wrong="This key is not known. Copy all of it, without spaces.",
    unusable="This key has expired or was revoked.",
    lacks_reading="This key may not read invoices. Use another one.",
    too_many="Too many failed attempts. Try again in {minutes} min.",
    loading="The keys are still being loaded. Try again in a moment.",
    or_link="No key at hand? On the server, this command makes a link that works once:",
    link_title="Sign in with a one-time link",
    link_lead="The link works once. After that this browser stays signed in until you sign out or the session ends.",
    link_submit="Sign in now",
    link_used="This link no longer works",
    link_used_hint="It was used already, or has expired. Make a new one, or sign in with an API key.",
    signed_out="You are signed out.",
)
