"""What a message says, before it has a form: composed from the order as it is now. Pure."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec import Struct

from shared.messages.account import Account
from shared.messages.formats import show_date, show_money, show_number, show_text
from shared.messages.order import Order
from shared.messages.wording import LANGUAGES, choose_language
from shared.messages.wording.phrases import Phrases
from shared.notifications import Kind

MOST_ITEMS: Final = 100
"""Lines shown of an invoice; a message is no place for five hundred."""


class Link(Struct, frozen=True):
    """Something to click; one at most is the `main` one."""

    label: str
    url: str
    main: bool


class Line(Struct, frozen=True):
    """One line of the invoice."""

    name: str
    quantity: str
    price: str


class Letter(Struct, frozen=True, kw_only=True):
    """The parts of a message in the order in which they are read."""

    language: str
    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    headings: tuple[str, str, str]
    lines: tuple[Line, ...]
    links: tuple[Link, ...]
    closing: str
    signature: str | None


def compose(kind: Kind, order: Order, account: Account) -> Letter:
    """Return what to tell an order's client."""
    language = choose_language(order.language, account.settings.language)
    return _Composer(order, account, language, LANGUAGES[language]).letter(kind)


class _Composer:
    def __init__(self, order: Order, account: Account, language: str, phrases: Phrases) -> None:
        self._order = order
        self._account = account
        self._language = language
        self._phrases = phrases
        self._invoice = show_text(order.invoice_number or order.number)

    def letter(self, kind: Kind) -> Letter:
        """Return the whole of it."""
        phrases, name = self._phrases, show_text(self._order.customer_name or "")
        subject, paragraphs = self._reminder() if kind == "reminder" else self._confirmation()
        signature = self._account.signature
        return Letter(
            language=self._language,
            subject=subject,
            greeting=phrases.greeting.format(name=name) if name else phrases.greeting_unknown,
            paragraphs=tuple(paragraphs),
            facts=tuple(self._facts(kind)),
            headings=(phrases.description, phrases.quantity, phrases.price),
            lines=tuple(self._lines()),
            links=tuple(self._links(kind)),
            closing=phrases.closing,
            signature=show_text(signature) if signature else None,
        )

    def _money(self, amount: Decimal) -> str:
        return show_money(amount, self._order.currency, self._phrases.locale)

    def _reminder(self) -> tuple[str, list[str]]:
        phrases, amount = self._phrases, self._order.open_amount
        ask = phrases.reminder_ask_plain if amount is None else phrases.reminder_ask.format(open=self._money(amount))
        lead = phrases.reminder_lead.format(invoice=self._invoice)
        return phrases.reminder_subject.format(invoice=self._invoice), [lead, ask, phrases.reminder_crossed]

    def _confirmation(self) -> tuple[str, list[str]]:
        phrases, order, invoice = self._phrases, self._order, self._invoice
        received, left = order.received_amount, order.open_amount
        is_partial = left > 0 if left is not None else not order.is_paid
        subject = phrases.partial_subject if is_partial else phrases.paid_subject
        lead = phrases.partial_lead if is_partial else phrases.paid_lead
        plain = phrases.partial_lead_plain if is_partial else phrases.paid_lead_plain
        paragraphs = [
            plain.format(invoice=invoice)
            if not received
            else lead.format(invoice=invoice, amount=self._money(received))
        ]
        if is_partial and left is not None:
            paragraphs.append(phrases.partial_open.format(open=self._money(left)))
        return subject.format(invoice=invoice), paragraphs

    def _facts(self, kind: Kind) -> Iterator[tuple[str, str]]:
        phrases, order = self._phrases, self._order
        yield phrases.invoice, self._invoice
        if order.invoice_date:
            yield phrases.invoice_date, show_date(order.invoice_date, phrases.locale)
        left = order.open_amount
        if order.due_date and (kind == "reminder" or left):
            yield phrases.due_date, show_date(order.due_date, phrases.locale)
        if order.total is not None:
            yield phrases.total, self._money(order.total)
        received = order.received_amount
        if received:
            yield phrases.received, self._money(received)
        if order.payment_method and kind == "confirmation":
            yield phrases.method, show_text(order.payment_method)
        if left is not None and left > 0:
            yield phrases.open, self._money(left)

    def _lines(self) -> Iterator[Line]:
        for item in self._order.items[:MOST_ITEMS]:
            quantity = show_number(Decimal(item.quantity), self._phrases.locale)
            yield Line(show_text(item.name), quantity, self._money(Decimal(item.price)))

    def _links(self, kind: Kind) -> Iterator[Link]:
        order, left = self._order, self._order.open_amount
        is_payable = kind == "reminder" or (left is not None and left > 0)
        if order.payment_url and is_payable and _is_web(order.payment_url):
            yield Link(self._phrases.pay, order.payment_url, main=True)
        if order.invoice_url and _is_web(order.invoice_url):
            yield Link(self._phrases.view, order.invoice_url, main=False)


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://")) and show_text(url) == url
