"""Webhooks: where events are sent, what became of them, and sending them again."""

from typing import Final

from msgspec import Struct


class Webhooks(Struct, frozen=True, kw_only=True):
    """Phrases of the webhooks."""

    title: str
    lead: str
    empty_title: str
    empty_text: str
    new: str
    url: str
    url_hint: str
    description: str
    events: str
    every_event: str
    create: str
    back: str
    save: str
    saved: str
    wrong: str
    faults: dict[str, str]
    fault: str

    states: dict[str, str]
    disabled_reasons: dict[str, str]
    failing_since: str
    paused_until: str
    enable: str
    disable: str
    delete: str
    delete_confirm: str
    deleted: str
    change: str

    signing: str
    shown_once: str
    copy: str
    copied: str
    rotate: str
    rotate_hint: str
    rotate_confirm: str

    attempts: str
    attempts_none: str
    attempt: str
    milliseconds: str
    outcomes: dict[str, str]
    reasons: dict[str, str]
    event: str
    took: str
    next_try: str
    response: str
    older: str
    again: str

    replay: str
    replay_hint: str
    replay_from: str
    replay_to: str
    replay_submit: str
    replayed_one: str
    replayed_more: str


DUTCH: Final = Webhooks(
    title="Webhooks",
    lead="Hiermee hoort uw eigen software meteen wat er met facturen en betalingen gebeurt.",
    empty_title="Nog geen webhooks",
    empty_text="Voeg het adres toe waar uw software naar gebeurtenissen luistert.",
    new="Nieuwe webhook",
    url="Adres",
    url_hint="Begint met https:// en is vanaf internet te bereiken.",
    description="Omschrijving",
    events="Gebeurtenissen",
    every_event="Alles",
    create="Toevoegen",
    back="Alle webhooks",
    save="Bewaren",
    saved="De webhook is gewijzigd.",
    wrong="Niet bewaard: kijk de gemarkeerde velden na.",
    faults={
        "/url": "Dit adres kan niet: het moet met https:// beginnen en naar een openbare server leiden.",
        "/events": "Kies minstens één gebeurtenis.",
        "/description": "Hoogstens 200 tekens.",
        "/from": "Vul een begin in.",
        "/to": "Het einde moet na het begin liggen.",
    },
    fault="Dit klopt niet.",
    states={"working": "Actief", "failing": "Hapert", "disabled": "Uit"},
    disabled_reasons={
        "requested": "Uitgezet door u.",
        "gone": "Uitgezet, omdat het adres zei dat het niet meer bestaat (410).",
        "failing": "Uitgezet, omdat er dagenlang niets aankwam.",
        "operator": "Uitgezet door de beheerder.",
    },
    failing_since="Er komt niets aan sinds {moment}.",
    paused_until="Wacht tot {moment} op verzoek van de ontvanger.",
    enable="Aanzetten",
    disable="Uitzetten",
    delete="Verwijderen",
    delete_confirm="Deze webhook verwijderen? Er wordt dan niets meer naartoe gestuurd.",
    deleted="De webhook is verwijderd.",
    change="Wijzigen",
    signing="Geheim",
    shown_once="Dit is het geheim waarmee u de handtekening controleert. Kopieer het nu: het wordt nooit meer getoond.",
    copy="Kopieer",
    copied="Gekopieerd",
    rotate="Nieuw geheim",
    rotate_hint="Een dag lang wordt met het oude en het nieuwe geheim ondertekend.",
    rotate_confirm="Een nieuw geheim maken? Het oude geldt nog een dag.",
    attempts="Pogingen",
    attempts_none="Er is nog niets verstuurd.",
    attempt="Poging {number}",
    milliseconds="{milliseconds} ms",
    outcomes={"delivered": "Aangekomen", "retry": "Komt terug", "failed": "Mislukt", "abandoned": "Afgebroken"},
    reasons={
        "timeout": "Er kwam niet op tijd een antwoord.",
        "unknown_host": "Deze servernaam bestaat niet.",
        "address_refused": "Dit adres is niet openbaar; daar wordt niets naartoe gestuurd.",
        "unreachable": "De server is niet te bereiken.",
        "tls": "De beveiligde verbinding (TLS) kwam niet tot stand; kijk het certificaat na.",
        "broken_answer": "Het antwoord was niet te lezen.",
        "redirect": "Het antwoord verwees door; dat wordt niet gevolgd. Vul het nieuwe adres in.",
        "status": "Het antwoord was geen 2xx.",
        "gone": "Het adres zei dat het niet meer bestaat.",
    },
    event="Gebeurtenis",
    took="Duurde",
    next_try="Volgende poging",
    response="Antwoord",
    older="Oudere",
    again="Stuur opnieuw",
    replay="Opnieuw versturen",
    replay_hint="Alle gebeurtenissen uit een periode, met dezelfde kenmerken als eerst.",
    replay_from="Van",
    replay_to="Tot (leeg: nu)",
    replay_submit="Verstuur opnieuw",
    replayed_one="1 gebeurtenis wordt opnieuw verstuurd.",
    replayed_more="{count} gebeurtenissen worden opnieuw verstuurd.",
)

ENGLISH: Final = Webhooks(
    title="Webhooks",
    lead="With these your own software hears at once what happens to invoices and payments.",
    empty_title="No webhooks yet",
    empty_text="Add the address where your software listens for events.",
    new="New webhook",
    url="Address",
    url_hint="Begins with https:// and can be reached from the internet.",
    description="Description",
    events="Events",
    every_event="Everything",
    create="Add",
    back="All webhooks",
    save="Save",
    saved="The webhook has been changed.",
    wrong="Not saved: please look at the marked fields.",
    faults={
        "/url": "This address cannot be used: it must begin with https:// and lead to a public server.",
        "/events": "Choose at least one event.",
        "/description": "At most 200 characters.",
        "/from": "Fill in a beginning.",
        "/to": "The end must come after the beginning.",
    },
    fault="This is not right.",
    states={"working": "Active", "failing": "Failing", "disabled": "Off"},
    disabled_reasons={
        "requested": "Turned off by you.",
        "gone": "Turned off, since the address said that it is gone (410).",
        "failing": "Turned off, since nothing arrived for days.",
        "operator": "Turned off by the operator.",
    },
    failing_since="Nothing has arrived since {moment}.",
    paused_until="Waits until {moment}, as the receiver asked.",
    enable="Turn on",
    disable="Turn off",
    delete="Delete",
    delete_confirm="Delete this webhook? Nothing more is sent to it.",
    deleted="The webhook has been deleted.",
    change="Change",
    signing="Secret",
    shown_once="This is the secret with which you check the signature. Copy it now: it is never shown again.",
    copy="Copy",
    copied="Copied",
    rotate="New secret",
    rotate_hint="For a day everything is signed with the old and the new secret.",
    rotate_confirm="Make a new secret? The old one is valid for another day.",
    attempts="Attempts",
    attempts_none="Nothing has been sent yet.",
    attempt="Attempt {number}",
    milliseconds="{milliseconds} ms",
    outcomes={"delivered": "Delivered", "retry": "Will be retried", "failed": "Failed", "abandoned": "Broken off"},
    reasons={
        "timeout": "No answer came in time.",
        "unknown_host": "There is no server of this name.",
        "address_refused": "This address is not public; nothing is sent there.",
        "unreachable": "The server cannot be reached.",
        "tls": "No secure connection (TLS) could be made; look at the certificate.",
        "broken_answer": "The answer could not be read.",
        "redirect": "The answer pointed elsewhere, which is not followed. Fill in the new address.",
        "status": "The answer was no 2xx.",
        "gone": "The address said that it is gone.",
    },
    event="Event",
    took="Took",
    next_try="Next try",
    response="Response",
    older="Older",
    again="Send again",
    replay="Send again",
    replay_hint="All events of a period, with the same ids as before.",
    replay_from="From",
    replay_to="Until (empty: now)",
    replay_submit="Send again",
    replayed_one="1 event is being sent again.",
    replayed_more="{count} events are being sent again.",
)
