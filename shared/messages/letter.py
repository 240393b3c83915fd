"""What a message says, before it has a form: composed from orders as they are now. Pure."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from shared.ladder import Tone
from shared.messages.account import Account
from shared.messages.formats import show_date, show_money, show_number, show_text
from shared.messages.order import Order
from shared.messages.transfers import Transfer, transfer_of
from shared.messages.wording import LANGUAGES, choose_language
from shared.messages.wording.phrases import Phrases
from shared.notifications import Kind

MOST_ITEMS: Final = 100
"""Lines shown of an invoice; a message is no place for five hundred."""
MOST_CODES: Final = 10
"""QR codes in one message, each for one invoice; with more, nobody knows which was scanned."""


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


class Invoice(Struct, frozen=True):
    """One of several invoices: what is told of it, and where it is seen and paid."""

    facts: tuple[tuple[str, str], ...]
    links: tuple[Link, ...]


class Payment(Struct, frozen=True):
    """A transfer in words; where it has a code, `cid` names the image, which `caption` and `alt` describe."""

    words: str
    transfer: Transfer
    cid: str | None
    caption: str
    alt: str


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
    invoices: tuple[Invoice, ...] = ()
    payments: tuple[Payment, ...] = ()
    closing: str
    signature: str | None


def compose(kind: Kind, order: Order, account: Account, *, tone: Tone = "first") -> Letter:
    """Return what to tell an order's client; `tone` is a reminder's."""
    return _composer((order,), account).letter(kind, order, tone)


def compose_reminder(orders: Sequence[Order], account: Account, tone: Tone) -> Letter:
    """Return one reminder of several orders of one client; of one order it is that order's own."""
    if len(orders) == 1:
        return compose("reminder", orders[0], account, tone=tone)
    return _composer(orders, account).reminder_of_many(orders, tone)


def _composer(orders: Sequence[Order], account: Account) -> "_Composer":
    language = choose_language(*(order.language for order in orders), account.settings.language)
    return _Composer(account, language, LANGUAGES[language])


class _Composer:
    def __init__(self, account: Account, language: str, phrases: Phrases) -> None:
        self._account = account
        self._language = language
        self._phrases = phrases

    def letter(self, kind: Kind, order: Order, tone: Tone) -> Letter:
        """Return the whole of one order's letter."""
        subject, paragraphs = self._reminder(order, tone) if kind == "reminder" else self._confirmation(order)
        return self._whole(
            order,
            subject,
            paragraphs,
            facts=tuple(self._facts(kind, order)),
            lines=tuple(self._lines(order)),
            links=tuple(self._links(kind, order)),
            payments=tuple(self._payments((order,))),
        )

    def reminder_of_many(self, orders: Sequence[Order], tone: Tone) -> Letter:
        """Return a list of invoices with one total a currency."""
        phrases, asking = self._phrases, self._phrases.reminders[tone]
        totals = self._totals(orders)
        ask = asking.ask.format(open=totals) if totals else asking.ask_plain
        return self._whole(
            orders[0],
            asking.subject_many.format(count=len(orders)),
            [asking.lead_many.format(count=len(orders)), ask, phrases.reminder_crossed],
            facts=((phrases.open_total, totals),) if totals else (),
            invoices=tuple(
                Invoice(tuple(self._facts("reminder", order)), tuple(self._links("reminder", order)))
                for order in orders
            ),
            payments=tuple(self._payments(orders)),
        )

    def _whole(
        self,
        order: Order,
        subject: str,
        paragraphs: Sequence[str],
        *,
        facts: tuple[tuple[str, str], ...],
        lines: tuple[Line, ...] = (),
        links: tuple[Link, ...] = (),
        invoices: tuple[Invoice, ...] = (),
        payments: tuple[Payment, ...],
    ) -> Letter:
        phrases, signature = self._phrases, self._account.signature
        name = show_text(order.customer_name or "")
        return Letter(
            language=self._language,
            subject=subject,
            greeting=phrases.greeting.format(name=name) if name else phrases.greeting_unknown,
            paragraphs=tuple(paragraphs),
            facts=facts,
            headings=(phrases.description, phrases.quantity, phrases.price),
            lines=lines,
            links=links,
            invoices=invoices,
            payments=payments,
            closing=phrases.closing,
            signature=show_text(signature) if signature else None,
        )

    def _money(self, amount: Decimal, order: Order) -> str:
        return show_money(amount, order.currency, self._phrases.locale)

    def _totals(self, orders: Sequence[Order]) -> str:
        totals: dict[str | None, Decimal] = {}
        for order in orders:
            if order.open_amount is not None:
                totals[order.currency] = totals.get(order.currency, Decimal(0)) + order.open_amount
        shown = [show_money(amount, currency, self._phrases.locale) for currency, amount in totals.items()]
        return f" {self._phrases.conjunction} ".join(part for part in (", ".join(shown[:-1]), *shown[-1:]) if part)

    def _reminder(self, order: Order, tone: Tone) -> tuple[str, list[str]]:
        amount, invoice = order.open_amount, _name(order)
        # Nothing can be said of the days that are left where nobody knows the last one.
        asking = self._phrases.reminders["first" if tone == "notice" and order.due_date is None else tone]
        due = show_date(order.due_date, self._phrases.locale) if order.due_date else ""
        ask = asking.ask_plain if amount is None else asking.ask.format(open=self._money(amount, order))
        lead = asking.lead.format(invoice=invoice, due=due)
        return asking.subject.format(invoice=invoice, due=due), [lead, ask, self._phrases.reminder_crossed]

    def _confirmation(self, order: Order) -> tuple[str, list[str]]:
        phrases, invoice = self._phrases, _name(order)
        received, left = order.received_amount, order.open_amount
        is_partial = left > 0 if left is not None else not order.is_paid
        subject = phrases.partial_subject if is_partial else phrases.paid_subject
        lead = phrases.partial_lead if is_partial else phrases.paid_lead
        plain = phrases.partial_lead_plain if is_partial else phrases.paid_lead_plain
        paragraphs = [
            plain.format(invoice=invoice)
            if not received
            else lead.format(invoice=invoice, amount=self._money(received, order))
        ]
        if is_partial and left is not None:
            paragraphs.append(phrases.partial_open.format(open=self._money(left, order)))
        return subject.format(invoice=invoice), paragraphs

    def _facts(self, kind: Kind, order: Order) -> Iterator[tuple[str, str]]:
        phrases = self._phrases
        yield phrases.invoice, _name(order)
        if order.invoice_date:
            yield phrases.invoice_date, show_date(order.invoice_date, phrases.locale)
        left = order.open_amount
        if order.due_date and (kind == "reminder" or left):
            yield phrases.due_date, show_date(order.due_date, phrases.locale)
        if order.total is not None:
            yield phrases.total, self._money(order.total, order)
        received = order.received_amount
        if received:
            yield phrases.received, self._money(received, order)
        if order.payment_method and kind == "confirmation":
            yield phrases.method, show_text(order.payment_method)
        if left is not None and left > 0:
            yield phrases.open, self._money(left, order)

    def _lines(self, order: Order) -> Iterator[Line]:
        for item in order.items[:MOST_ITEMS]:
            quantity = show_number(Decimal(item.quantity), self._phrases.locale)
            yield Line(show_text(item.name), quantity, self._money(Decimal(item.price), order))

    def _links(self, kind: Kind, order: Order) -> Iterator[Link]:
        left = order.open_amount
        is_payable = kind == "reminder" or (left is not None and left > 0)
        if order.payment_url and is_payable and _is_web(order.payment_url):
            yield Link(self._phrases.pay, order.payment_url, main=True)
        if order.invoice_url and _is_web(order.invoice_url):
            yield Link(self._phrases.view, order.invoice_url, main=False)

    def _payments(self, orders: Sequence[Order]) -> Iterator[Payment]:
        phrases = self._phrases
        for order in orders:
            transfer = transfer_of(order, self._account)
            if transfer is None:
                continue
            names = {"iban": transfer.shown_iban, "name": transfer.beneficiary, "reference": transfer.reference}
            amount = self._money(transfer.amount, order) if transfer.amount is not None else ""
            has_code = transfer.amount is not None and len(orders) <= MOST_CODES
            yield Payment(
                words=phrases.transfer.format(**names),
                transfer=transfer,
                cid=f"qr.{order.id}@bugalou" if has_code else None,
                caption=phrases.transfer_code.format(invoice=_name(order), amount=amount),
                alt=phrases.transfer_alt.format(amount=amount, **names),
            )


def _name(order: Order) -> str:
    return show_text(order.invoice_number or order.number)


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://")) and show_text(url) == url
