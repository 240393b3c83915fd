"""Which phrases a language needs; a Struct, so that none can be forgotten."""

from msgspec import Struct


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

    reminder_subject: str
    reminder_lead: str
    reminder_ask: str
    reminder_ask_plain: str
    reminder_crossed: str

    invoice: str
    invoice_date: str
    due_date: str
    total: str
    received: str
    open: str
    method: str
    description: str
    quantity: str
    price: str

    pay: str
    view: str
