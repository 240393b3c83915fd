"""What the page of one invoice says, its timeline and its messages."""

from typing import Final

from msgspec import Struct


class Invoice(Struct, frozen=True, kw_only=True):
    """Phrases of an invoice."""

    title: str
    back: str
    open_amount: str
    total: str
    paid: str
    items: str
    item: str
    quantity: str
    price: str
    amount: str
    no_items: str
    details: str
    view_invoice: str
    pay_link: str
    timeline: str
    timeline_more: str
    raw: str
    to_come: str
    submitted: str
    by: str
    nobody: str
    cleared: str
    items_count_one: str
    items_count_more: str
    fields: dict[str, str]
    states: dict[str, str]
    """Of submissions; "applied" needs no word."""
    events: dict[str, str]
    kinds: dict[str, str]
    step: str
    channels: dict[str, str]
    notification_states: dict[str, str]
    reasons: dict[str, str]
    to: str
    due_at: str
    show_message: str
    message: str
    message_missing: str
    message_text: str
    message_back: str
    attempts: str
    outcomes: dict[str, str]
    unnamed: str


DUTCH: Final = Invoice(
    title="Factuur {number}",
    back="Alle facturen",
    open_amount="Nog te ontvangen",
    total="Totaal",
    paid="Ontvangen",
    items="Regels",
    item="Omschrijving",
    quantity="Aantal",
    price="Prijs",
    amount="Bedrag",
    no_items="Deze factuur heeft geen regels.",
    details="Gegevens",
    view_invoice="Factuur bekijken",
    pay_link="Betaallink",
    timeline="Tijdlijn",
    timeline_more="Alleen het nieuwste is te zien; de hele geschiedenis staat in de API.",
    raw="Ruwe gegevens (JSON)",
    to_come="Gepland",
    submitted="Bijgewerkt door {key}",
    by="Ontvangen van {key}",
    nobody="een verwijderde sleutel",
    cleared="leeggemaakt",
    items_count_one="1 regel",
    items_count_more="{count} regels",
    fields={
        "orderStatus": "Opdracht",
        "paymentStatus": "Betaling",
        "customerEmail": "E-mail",
        "customerName": "Klant",
        "customerPhone": "Telefoon",
        "customerLanguage": "Taal",
        "items": "Regels",
        "total": "Totaal",
        "currency": "Valuta",
        "amountPaid": "Betaald bedrag",
        "paymentMethod": "Betaalwijze",
        "invoiceNumber": "Factuurnummer",
        "invoiceUrl": "Factuurlink",
        "invoiceDate": "Factuurdatum",
        "dueDate": "Vervaldatum",
        "paymentUrl": "Betaallink",
        "metadata": "Extra gegevens",
        "platform": "Platform",
        "orderNumber": "Ordernummer",
    },
    states={"stale": "Achterhaald", "duplicate": "Herhaling", "rejected": "Geweigerd"},
    events={
        "payment.paid": "Betaald",
        "payment.overdue": "Te laat",
        "payment.refunded": "Terugbetaald",
        "payment.partial": "Deels betaald",
        "order.cancelled": "Geannuleerd",
    },
    kinds={"confirmation": "Bedankje", "reminder": "Herinnering"},
    step="Herinnering {step}",
    channels={"email": "E-mail", "whatsapp": "WhatsApp", "webhook": "Webhook"},
    notification_states={
        "planned": "Gepland",
        "held": "Wacht op een goed moment",
        "waiting": "Wacht op een adres",
        "sending": "Wordt verstuurd",
        "sent": "Verstuurd",
        "delivered": "Bezorgd",
        "failed": "Mislukt",
        "cancelled": "Niet verstuurd",
        "simulated": "Nagebootst",
    },
    reasons={
        "order_gone": "de factuur is gewist",
        "no_address": "er is geen adres bekend",
        "order_cancelled": "de opdracht is geannuleerd",
        "paid": "er is betaald",
        "refunded": "er is terugbetaald",
        "no_longer_overdue": "niet meer te laat",
        "no_longer_paid": "niet meer betaald",
        "nothing_open": "er staat niets open",
        "credit_note": "het is een creditnota",
        "superseded": "een nieuwer bericht ging voor",
        "suppressed": "dit adres wil geen berichten",
        "paused": "gepauzeerd",
        "quiet_hours": "rusttijd",
        "quiet_time": "rusttijd",
        "sunday": "zondag",
        "holiday": "feestdag",
        "missed": "ingehaald door een latere stap",
    },
    to="aan {address}",
    due_at="voor {moment}",
    show_message="Bericht bekijken",
    message="Bericht",
    message_missing="Dit bericht is nog niet opgesteld: dat gebeurt vlak voor het versturen.",
    message_text="Als tekst",
    message_back="Terug naar de factuur",
    attempts="Pogingen",
    outcomes={"sent": "Verstuurd", "retry": "Later opnieuw", "failed": "Mislukt"},
    unnamed="Onbekende klant",
)

ENGLISH: Final = Invoice(
    title="Invoice {number}",
    back="All invoices",
    open_amount="Still to be received",
    total="Total",
    paid="Received",
    items="Items",
    item="Description",
    quantity="Quantity",
    price="Price",
    amount="Amount",
    no_items="This invoice has no items.",
    details="Details",
    view_invoice="View the invoice",
    pay_link="Payment link",
    timeline="Timeline",
    timeline_more="Only the newest is shown; the whole history is in the API.",
    raw="Raw data (JSON)",
    to_come="Planned",
    submitted="Updated by {key}",
    by="Received from {key}",
    nobody="a deleted key",
    cleared="cleared",
    items_count_one="1 item",
    items_count_more="{count} items",
    fields={
        "orderStatus": "Order",
        "paymentStatus": "Payment",
        "customerEmail": "E-mail",
        "customerName": "Client",
        "customerPhone": "Phone",
        "customerLanguage": "Language",
        "items": "Items",
        "total": "Total",
        "currency": "Currency",
        "amountPaid": "Amount paid",
        "paymentMethod": "Payment method",
        "invoiceNumber": "Invoice number",
        "invoiceUrl": "Invoice link",
        "invoiceDate": "Invoice date",
        "dueDate": "Due date",
        "paymentUrl": "Payment link",
        "metadata": "Metadata",
        "platform": "Platform",
        "orderNumber": "Order number",
    },
    states={"stale": "Outdated", "duplicate": "Retry", "rejected": "Rejected"},
    events={
        "payment.paid": "Paid",
        "payment.overdue": "Overdue",
        "payment.refunded": "Refunded",
        "payment.partial": "Partly paid",
        "order.cancelled": "Cancelled",
    },
    kinds={"confirmation": "Thank-you", "reminder": "Reminder"},
    step="Reminder {step}",
    channels={"email": "E-mail", "whatsapp": "WhatsApp", "webhook": "Webhook"},
    notification_states={
        "planned": "Planned",
        "held": "Held for a good moment",
        "waiting": "Waits for an address",
        "sending": "Being sent",
        "sent": "Sent",
        "delivered": "Delivered",
        "failed": "Failed",
        "cancelled": "Not sent",
        "simulated": "Simulated",
    },
    reasons={
        "order_gone": "the invoice was erased",
        "no_address": "no address is known",
        "order_cancelled": "the order was cancelled",
        "paid": "it was paid",
        "refunded": "it was refunded",
        "no_longer_overdue": "no longer overdue",
        "no_longer_paid": "no longer paid",
        "nothing_open": "nothing is open",
        "credit_note": "it is a credit note",
        "superseded": "a newer message came first",
        "suppressed": "this address wants no messages",
        "paused": "paused",
        "quiet_hours": "quiet hours",
        "quiet_time": "quiet hours",
        "sunday": "Sunday",
        "holiday": "public holiday",
        "missed": "overtaken by a later step",
    },
    to="to {address}",
    due_at="for {moment}",
    show_message="Show message",
    message="Message",
    message_missing="This message is not written yet: that is done right before it is sent.",
    message_text="As text",
    message_back="Back to the invoice",
    attempts="Attempts",
    outcomes={"sent": "Sent", "retry": "Tried again later", "failed": "Failed"},
    unnamed="Unknown client",
)
