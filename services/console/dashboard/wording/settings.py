"""The settings: who writes, where money goes, when reminders leave."""

from typing import Final

from msgspec import Struct


class Settings(Struct, frozen=True, kw_only=True):
    """Phrases of the settings."""

    title: str
    tab: str
    saved: str
    wrong: str
    save: str
    read_only: str

    sender: str
    sender_name: str
    sender_name_hint: str
    reply_to: str
    reply_to_hint: str
    language: str
    languages: dict[str, str]
    language_hint: str
    timezone: str

    payment: str
    iban: str
    iban_hint: str
    bic: str
    bic_hint: str

    reminders: str
    ladder: str
    ladder_hint: str
    quiet: str
    quiet_from: str
    quiet_to: str
    quiet_hint: str
    quiet_sundays: str
    quiet_holidays: str
    settle: str
    settle_hint: str

    channels: str
    email: str
    whatsapp: str
    channels_hint: str
    to_whatsapp: str

    limit: str
    limit_rate: str
    limit_burst: str
    limit_hint: str

    preview: str
    preview_due: str
    preview_none: str
    preview_wrong: str
    preview_text: str
    on_due_date: str
    day_before: str
    days_before: str
    day_after: str
    days_after: str
    tones: dict[str, str]
    example_client: str
    example_item: str

    faults: dict[str, str]
    """What is wrong with a field, by its pointer; of inner members the outer one's."""
    fault: str


DUTCH: Final = Settings(
    title="Instellingen",
    tab="Algemeen",
    saved="De instellingen zijn bewaard.",
    wrong="Niet bewaard: kijk de gemarkeerde velden na.",
    save="Bewaren",
    read_only="Met deze sleutel kunt u de instellingen zien, maar niet wijzigen.",
    sender="Afzender",
    sender_name="Naam van de afzender",
    sender_name_hint="Staat onder elk bericht en bij de betaling. Leeg: de naam van het account.",
    reply_to="Antwoordadres",
    reply_to_hint="Hier komen antwoorden van klanten binnen.",
    language="Taal van berichten",
    languages={"nl": "Nederlands", "en": "Engels"},
    language_hint="Voor klanten van wie geen taal bekend is.",
    timezone="Tijdzone",
    payment="Betaling",
    iban="IBAN",
    iban_hint="Herinneringen krijgen dan een QR-code waarmee de klant het openstaande bedrag overmaakt.",
    bic="BIC",
    bic_hint="Alleen nodig bij banken buiten de Europese Economische Ruimte.",
    reminders="Herinneringen",
    ladder="Dagen ten opzichte van de vervaldatum",
    ladder_hint="Oplopend, met komma's: -3 is drie dagen ervoor, 0 de dag zelf, 7 een week erna. Leeg: geen.",
    quiet="Alleen tussen",
    quiet_from="van",
    quiet_to="tot",
    quiet_hint="Van 00:00 tot 24:00: op elk uur. Bedankjes worden nooit opgehouden.",
    quiet_sundays="Niet op zondag",
    quiet_holidays="Niet op Nederlandse feestdagen",
    settle="Wachttijd in seconden",
    settle_hint="Zo lang komen wijzigingen tot rust voordat er een bericht vertrekt.",
    channels="Kanalen",
    email="E-mail",
    whatsapp="WhatsApp",
    to_whatsapp="Toegang instellen",
    channels_hint="WhatsApp heeft ook de toegang tot uw WhatsApp Business-account nodig.",
    limit="Limiet van de API",
    limit_rate="Verzoeken per seconde",
    limit_burst="Tegelijk",
    limit_hint="Samen voor alle sleutels van het account. Leeg: geen limiet.",
    preview="Voorbeeld",
    preview_due="Factuur die vervalt op",
    preview_none="Er vertrekken geen herinneringen.",
    preview_wrong="Het voorbeeld verschijnt zodra de velden kloppen.",
    preview_text="Lees het bericht",
    on_due_date="op de vervaldatum",
    day_before="1 dag ervoor",
    days_before="{days} dagen ervoor",
    day_after="1 dag erna",
    days_after="{days} dagen erna",
    tones={
        "notice": "Aankondiging",
        "first": "Herinnering",
        "second": "Tweede herinnering",
        "again": "Volgende herinnering",
        "final": "Aanmaning",
    },
    example_client="Architectenbureau De Groot",
    example_item="Ontwerp woning - fase 1",
    faults={
        "/timezone": "Kies een bestaande tijdzone, zoals Europe/Amsterdam.",
        "/senderName": "Hoogstens 200 tekens, zonder besturingstekens.",
        "/replyTo": "Dit is geen e-mailadres.",
        "/iban": "Dit is geen geldig IBAN; er kan een cijfer fout zijn.",
        "/bic": "Dit is geen geldige BIC.",
        "/settleSeconds": "Een heel getal van 0 tot 3600.",
        "/ladder": "Hoogstens 20 hele getallen van -365 tot 365, oplopend, elk één keer.",
        "/quietHours": "Twee tijden zoals 08:00 en 20:00, de tweede later dan de eerste.",
        "/rateLimit": "Vul beide in: 0,01 tot 100.000 per seconde, en 1 tot 1.000.000 tegelijk.",
    },
    fault="Dit klopt niet.",
)

ENGLISH: Final = Settings(
    title="Settings",
    tab="General",
    saved="The settings have been saved.",
    wrong="Not saved: please look at the marked fields.",
    save="Save",
    read_only="This key shows the settings, and may not change them.",
    sender="Sender",
    sender_name="Name of the sender",
    sender_name_hint="Stands under each message and with the payment. Empty: the account's name.",
    reply_to="Reply address",
    reply_to_hint="Where your clients' replies arrive.",
    language="Language of messages",
    languages={"nl": "Dutch", "en": "English"},
    language_hint="For clients whose language is not known.",
    timezone="Time zone",
    payment="Payment",
    iban="IBAN",
    iban_hint="Reminders then carry a QR code with which the client transfers the open amount.",
    bic="BIC",
    bic_hint="Only needed for banks outside the European Economic Area.",
    reminders="Reminders",
    ladder="Days relative to the due date",
    ladder_hint="Rising, with commas: -3 is three days before, 0 the day itself, 7 a week after. Empty: no reminders.",
    quiet="Only between",
    quiet_from="from",
    quiet_to="until",
    quiet_hint="From 00:00 until 24:00: at any hour. Thank-yous are never held up.",
    quiet_sundays="Not on Sundays",
    quiet_holidays="Not on Dutch public holidays",
    settle="Settle time in seconds",
    settle_hint="How long changes come to rest before a message leaves.",
    channels="Channels",
    email="E-mail",
    whatsapp="WhatsApp",
    to_whatsapp="Set up access",
    channels_hint="WhatsApp also needs access to your WhatsApp Business account.",
    limit="Limit of the API",
    limit_rate="Requests per second",
    limit_burst="At once",
    limit_hint="Shared by all keys of the account. Empty: no limit.",
    preview="Preview",
    preview_due="Invoice that falls due on",
    preview_none="No reminders leave.",
    preview_wrong="The preview appears as soon as the fields are right.",
    preview_text="Read the message",
    on_due_date="on the due date",
    day_before="1 day before",
    days_before="{days} days before",
    day_after="1 day after",
    days_after="{days} days after",
    tones={
        "notice": "Notice",
        "first": "Reminder",
        "second": "Second reminder",
        "again": "Further reminder",
        "final": "Final notice",
    },
    example_client="De Groot Architects",
    example_item="House design - phase 1",
    faults={
        "/timezone": "Choose a time zone that exists, such as Europe/Amsterdam.",
        "/senderName": "At most 200 characters, none of them control characters.",
        "/replyTo": "This is no e-mail address.",
        "/iban": "This is no valid IBAN; a digit may be wrong.",
        "/bic": "This is no valid BIC.",
        "/settleSeconds": "A whole number from 0 to 3600.",
        "/ladder": "At most 20 whole numbers from -365 to 365, rising, each once.",
        "/quietHours": "Two times such as 08:00 and 20:00, the second later than the first.",
        "/rateLimit": "Fill in both: 0.01 to 100,000 a second, and 1 to 1,000,000 at once.",
    },
    fault="This is not right.",
)
