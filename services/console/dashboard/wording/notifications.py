"""All messages of an account, and the addresses to which none are sent."""

from typing import Final

from msgspec import Struct


class Notifications(Struct, frozen=True, kw_only=True):
    """Phrases of the messages and of the suppression list."""

    title: str
    empty_title: str
    empty_text: str
    filter: str
    groups: dict[str, str]
    all: str
    older: str

    suppressions: str
    suppressions_lead: str
    suppressions_empty: str
    address: str
    address_hint: str
    suppress_title: str
    suppress: str
    allow: str
    allow_confirm: str
    added: str
    removed: str
    since: str
    reasons: dict[str, str]
    fault: str


DUTCH: Final = Notifications(
    title="Berichten",
    empty_title="Geen berichten",
    empty_text="Herinneringen en bedankjes verschijnen hier zodra ze zijn gepland.",
    filter="Toon",
    groups={"coming": "Gepland", "sent": "Verstuurd", "failed": "Mislukt", "cancelled": "Niet verstuurd"},
    all="Alles",
    older="Oudere",
    suppressions="Niet aanschrijven",
    suppressions_lead="Naar deze adressen en telefoonnummers vertrekt niets, wat er ook in een factuur staat.",
    suppressions_empty="De lijst is leeg.",
    address="E-mailadres of telefoonnummer",
    address_hint="Van een klant die geen berichten wil.",
    suppress_title="Adres toevoegen",
    suppress="Toevoegen",
    allow="Weer toestaan",
    allow_confirm="Weer berichten naar dit adres sturen?",
    added="Naar dit adres vertrekt niets meer.",
    removed="Dit adres krijgt weer berichten.",
    since="sinds {moment}",
    reasons={"asked": "op verzoek", "opted_out": "afgemeld bij WhatsApp", "dashboard": "via het dashboard"},
    fault="Vul een e-mailadres of telefoonnummer in.",
)

ENGLISH: Final = Notifications(
    title="Messages",
    empty_title="No messages",
    empty_text="Reminders and thank-yous appear here as soon as they are planned.",
    filter="Show",
    groups={"coming": "To come", "sent": "Sent", "failed": "Failed", "cancelled": "Not sent"},
    all="All",
    older="Older",
    suppressions="Do not contact",
    suppressions_lead="Nothing is sent to these addresses and phone numbers, whatever an invoice says.",
    suppressions_empty="The list is empty.",
    address="E-mail address or phone number",
    address_hint="Of a client who wants no messages.",
    suppress_title="Add an address",
    suppress="Add",
    allow="Allow again",
    allow_confirm="Send messages to this address again?",
    added="Nothing is sent to this address any more.",
    removed="This address gets messages again.",
    since="since {moment}",
    reasons={"asked": "as asked", "opted_out": "opted out at WhatsApp", "dashboard": "from the dashboard"},
    fault="Fill in an e-mail address or a phone number.",
)
