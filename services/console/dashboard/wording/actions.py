"""What the buttons of an invoice say, and what is told once they were pressed."""

from typing import Final

from msgspec import Struct


class Actions(Struct, frozen=True, kw_only=True):
    """Phrases of what can be done with an invoice."""

    title: str
    remind: str
    remind_hint: str
    pause: str
    resume: str
    is_paused: str
    resume_client: str
    is_client_paused: str
    suppress: str
    suppress_confirm: str
    allow: str
    is_suppressed: str
    done: dict[str, str]
    """By the code in the address of the page that follows."""
    refused: dict[str, str]


DUTCH: Final = Actions(
    title="Acties",
    remind="Stuur nu een herinnering",
    remind_hint="Gaat meteen weg, ook buiten de rusttijden; hoogstens één keer per dag per klant.",
    pause="Pauzeer herinneringen",
    resume="Hervat herinneringen",
    is_paused="Herinneringen voor deze factuur zijn gepauzeerd.",
    resume_client="Hervat voor deze klant",
    is_client_paused="Herinneringen voor alle facturen van deze klant zijn gepauzeerd.",
    suppress="Nooit meer schrijven",
    suppress_confirm="Aan dit adres wordt dan niets meer gestuurd, voor geen enkele factuur. Doorgaan?",
    allow="Weer schrijven",
    is_suppressed="Aan dit adres wordt niets gestuurd.",
    done={
        "reminded": "De herinnering gaat nu weg. Hieronder verschijnt hij in de tijdlijn.",
        "paused": "De herinneringen zijn gepauzeerd.",
        "resumed": "De herinneringen gaan weer verder.",
        "client_resumed": "De herinneringen van deze klant gaan weer verder.",
        "suppressed": "Aan dit adres wordt niets meer gestuurd.",
        "allowed": "Aan dit adres mag weer worden geschreven.",
    },
    refused={
        "nothing_to_remind": "Er valt niets te herinneren: deze factuur staat niet open.",
        "channels_off": "Alle kanalen staan uit. Zet er een aan in de instellingen.",
        "no_address": "Van deze klant is geen adres bekend.",
        "address_suppressed": "Aan het adres van deze klant wordt niets gestuurd.",
        "client_reminded_today": "Deze klant is vandaag al herinnerd; twee keer op een dag doen we niet.",
    },
)

ENGLISH: Final = Actions(
    title="Actions",
    remind="Send a reminder now",
    remind_hint="It leaves at once, also in quiet hours; once a day for each client at most.",
    pause="Pause reminders",
    resume="Resume reminders",
    is_paused="Reminders for this invoice are paused.",
    resume_client="Resume for this client",
    is_client_paused="Reminders for all invoices of this client are paused.",
    suppress="Never write again",
    suppress_confirm="Nothing will be sent to this address any more, for any invoice. Go on?",
    allow="Allow again",
    is_suppressed="Nothing is sent to this address.",
    done={
        "reminded": "The reminder leaves now. It appears in the timeline below.",
        "paused": "Reminders are paused.",
        "resumed": "Reminders go on.",
        "client_resumed": "Reminders of this client go on.",
        "suppressed": "Nothing is sent to this address any more.",
        "allowed": "This address may be written to again.",
    },
    refused={
        "nothing_to_remind": "There is nothing to remind of: this invoice is not open.",
        "channels_off": "All channels are off. Switch one on in the settings.",
        "no_address": "No address of this client is known.",
        "address_suppressed": "Nothing is sent to this client's address.",
        "client_reminded_today": "This client has been reminded today; we do not do that twice a day.",
    },
)
