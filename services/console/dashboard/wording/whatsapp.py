"""The account's access to WhatsApp."""

from typing import Final

from msgspec import Struct


class WhatsApp(Struct, frozen=True, kw_only=True):
    """Phrases of the access to WhatsApp."""

    title: str
    lead: str
    access: str
    is_set: str
    is_not_set: str
    phone_number_id: str
    phone_number_id_hint: str
    token: str
    token_hint: str
    app_secret: str
    app_secret_hint: str
    verify_token: str
    verify_token_hint: str
    kept: str
    link_base: str
    link_base_hint: str
    api_version: str
    api_version_hint: str
    renamed: str
    save: str
    saved: str
    wrong: str
    live_only: str
    channel_off: str
    to_channels: str
    callback: str
    callback_hint: str
    copy: str
    copied: str
    forget: str
    forget_hint: str
    forget_confirm: str
    forgotten: str
    faults: dict[str, str]
    token_needed: str


DUTCH: Final = WhatsApp(
    title="WhatsApp",
    lead="Hiermee bereikt u klanten met een telefoonnummer. Wat WhatsApp niet kan bezorgen, gaat per e-mail.",
    access="Toegang",
    is_set="Ingesteld",
    is_not_set="Niet ingesteld",
    phone_number_id="Phone number ID",
    phone_number_id_hint="De cijfers die Meta bij het nummer toont; niet het telefoonnummer zelf.",
    token="Toegangstoken",  # noqa: S106  # no password
    token_hint="Van een systeemgebruiker, met het recht whatsapp_business_messaging.",  # noqa: S106  # no password
    app_secret="App secret",  # noqa: S106  # no password
    app_secret_hint="Van de app bij Meta. Daarmee is zeker dat een status echt van WhatsApp komt.",  # noqa: S106  # no password
    verify_token="Verify token",  # noqa: S106  # no password
    verify_token_hint="Een woord naar keuze, dat u ook bij Meta invult.",  # noqa: S106  # no password
    kept="Is ingesteld en wordt nooit getoond. Leeg: blijft zoals het is.",
    link_base="Begin van de betaallinks",
    link_base_hint="Alleen voor sjablonen met een knop: het begin dat al uw betaallinks delen.",
    api_version="Versie van de Graph API",
    api_version_hint="Leeg: {usual}.",
    renamed="Sjablonen met een andere naam bij Meta: {count}. Die blijven zo; de API wijzigt ze.",
    save="Bewaren",
    saved="De toegang tot WhatsApp is bewaard.",
    wrong="Niet bewaard: kijk de gemarkeerde velden na, en vul geheimen opnieuw in.",
    live_only="De toegang tot WhatsApp hoort bij de echte gegevens: ga daarheen om hem te wijzigen.",
    channel_off="Er gaat nog niets over WhatsApp: zet het kanaal aan.",
    to_channels="Naar de kanalen",
    callback="Bezorgstatus",
    callback_hint="Vul dit adres bij Meta in als Callback URL, met het veld messages. Daar meldt WhatsApp wat aankwam.",
    copy="Kopieer",
    copied="Gekopieerd",
    forget="Toegang wissen",
    forget_hint="De geheimen worden gewist; berichten gaan dan per e-mail.",
    forget_confirm="De toegang tot WhatsApp wissen, met alle geheimen?",
    forgotten="De toegang tot WhatsApp is gewist.",
    faults={
        "/phoneNumberId": "Alleen cijfers, 5 tot 32.",
        "/token": "8 tot 1024 tekens zonder spaties.",
        "/appSecret": "8 tot 1024 tekens zonder spaties.",
        "/verifyToken": "8 tot 1024 tekens zonder spaties.",
        "/linkBase": "Een adres dat met https:// begint.",
        "/apiVersion": "Een versie zoals {usual}.",
    },
    token_needed="De eerste keer is het toegangstoken nodig.",  # noqa: S106  # no password
)

ENGLISH: Final = WhatsApp(
    title="WhatsApp",
    lead="With this you reach clients with a telephone number. What WhatsApp cannot deliver goes by e-mail.",
    access="Access",
    is_set="Set up",
    is_not_set="Not set up",
    phone_number_id="Phone number ID",
    phone_number_id_hint="The digits that Meta shows with the number; not the telephone number itself.",
    token="Access token",  # noqa: S106  # no password
    token_hint="Of a system user, with the permission whatsapp_business_messaging.",  # noqa: S106  # no password
    app_secret="App secret",  # noqa: S106  # no password
    app_secret_hint="Of the app at Meta. It proves that a status really comes from WhatsApp.",  # noqa: S106  # no password
    verify_token="Verify token",  # noqa: S106  # no password
    verify_token_hint="A word of your choice, which you enter at Meta too.",  # noqa: S106  # no password
    kept="Is set, and never shown. Empty: stays as it is.",
    link_base="Beginning of the pay links",
    link_base_hint="Only for templates with a button: what all your pay links begin with.",
    api_version="Version of the Graph API",
    api_version_hint="Empty: {usual}.",
    renamed="Templates with another name at Meta: {count}. They stay so; the API changes them.",
    save="Save",
    saved="The access to WhatsApp has been saved.",
    wrong="Not saved: please look at the marked fields, and fill in secrets again.",
    live_only="The access to WhatsApp is part of the live data: go there to change it.",
    channel_off="Nothing goes over WhatsApp yet: turn the channel on.",
    to_channels="To the channels",
    callback="Delivery states",
    callback_hint="Enter this address at Meta as Callback URL (field messages): there WhatsApp tells what arrived.",
    copy="Copy",
    copied="Copied",
    forget="Delete access",
    forget_hint="The secrets are deleted; messages then go by e-mail.",
    forget_confirm="Delete the access to WhatsApp, with all secrets?",
    forgotten="The access to WhatsApp has been deleted.",
    faults={
        "/phoneNumberId": "Digits only, 5 to 32.",
        "/token": "8 to 1024 characters without spaces.",
        "/appSecret": "8 to 1024 characters without spaces.",
        "/verifyToken": "8 to 1024 characters without spaces.",
        "/linkBase": "An address that begins with https://.",
        "/apiVersion": "A version such as {usual}.",
    },
    token_needed="The first time, the access token is needed.",  # noqa: S106  # no password
)
