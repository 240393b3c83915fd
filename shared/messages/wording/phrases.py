"""Which phrases a language needs; a Struct, so that none can be forgotten."""

from msgspec import Struct

from shared.ladder import Tone


class Asking(Struct, frozen=True, kw_only=True):
    """How a reminder of one tone asks: of one invoice, and of several. Costs are never claimed (art. 6:96 BW)."""

    subject: str
    subject_many: str
    lead: str
    lead_many: str
    ask: str
    ask_plain: str


class Phrases(Struct, frozen=True, kw_only=True):
    """One language. `locale` is how Babel writes its money and dates."""

    locale: str

    greeting: str
    greeting_unknown: str
    closing: str

    paid_subject: str
    paid_lead: str
    paid_lead_plain: str
    partial_subject: str
    partial_lead: str
    partial_lead_plain: str
    partial_open: str

    reminders: dict[Tone, Asking]
    reminder_crossed: str

    transfer: str
    transfer_code: str
    transfer_alt: str

    invoice: str
    invoice_date: str
    due_date: str
    total: str
    received: str
    open: str
    open_total: str
    method: str
    description: str
    quantity: str
    price: str
    conjunction: str

    pay: str
    view: str
