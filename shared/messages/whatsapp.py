"""A message as a WhatsApp template: which one, with which parameters, and how it reads to the client. Pure.

An account registers the templates at Meta, by their names and texts; Meta puts the parameters in. A parameter has no
line end, no tab and no more than four spaces in a row, and a text with all of them at most 1,024 characters
(https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components).
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from shared.ladder import Tone
from shared.messages.account import Account, TemplateSetup
from shared.messages.formats import show_money, show_text
from shared.messages.order import Order
from shared.messages.transfers import transfer_of
from shared.messages.wording import LANGUAGES, choose_language
from shared.messages.wording import templates as wording
from shared.notifications import Kind

TEMPLATE_NAMES: Final = (*wording.BODIES, *wording.BUTTON_BODIES)
"""Every template that an account may register."""

LONGEST_TEXT: Final = 1_024
_LONGEST_NAME: Final = 80
_LONGEST_INVOICES: Final = 160
_LONGEST_LINK: Final = 300
_LONGEST_BUTTON: Final = 2_000

_SPACES: Final = re.compile(r"\s{2,}")
_PLACEHOLDER: Final = re.compile(r"\{\{([0-9])\}\}")


class TemplateMessage(Struct, frozen=True):
    """A template with its parameters; `button` is the end of its button's address; `text` how all of it reads."""

    name: str
    language: str
    parameters: tuple[str, ...]
    button: str | None
    text: str


def compose_template(
    kind: Kind, orders: Sequence[Order], account: Account, setup: TemplateSetup, tone: Tone
) -> TemplateMessage:
    """Return what to tell a client about orders of theirs, several only in a reminder, whose `tone` it is."""
    language = choose_language(*(order.language for order in orders), account.settings.language)
    composer = _Composer(orders, account, setup, language)
    return composer.reminder(tone) if kind == "reminder" else composer.confirmation()


class _Composer:
    def __init__(self, orders: Sequence[Order], account: Account, setup: TemplateSetup, language: str) -> None:
        self._orders = orders
        self._account = account
        self._setup = setup
        self._language = language
        self._client = _shorten(orders[0].customer_name, _LONGEST_NAME) or wording.UNKNOWN_CLIENT[language]
        self._sender = _shorten(account.signature, _LONGEST_NAME) or "-"
        invoices = ", ".join(show_text(order.invoice_number or order.number) for order in orders)
        self._invoices = _shorten(invoices, _LONGEST_INVOICES)

    def reminder(self, tone: Tone) -> TemplateMessage:
        """Return a reminder of what is open, with the way to pay it."""
        name = wording.REMINDERS[tone]
        opens = [order.open_amount for order in self._orders]
        amount = self._money(opens) or wording.OPEN_AMOUNT[self._language]
        parameters = (self._client, self._invoices, self._sender, amount)
        link = self._link()
        base = self._setup.link_base
        if link is not None and base is not None and link.startswith(base) and base != link:
            button = link.removeprefix(base)
            return self._filled(f"{name}{wording.BUTTON_SUFFIX}", parameters, button)
        return self._filled(name, (*parameters, self._way(link)))

    def _way(self, link: str | None) -> str:
        """Return how the client pays: by a link that is short enough to read, by a transfer, or as the invoice says."""
        if link is not None and len(link) <= _LONGEST_LINK:
            return link
        transfer = transfer_of(self._orders[0], self._account)
        if transfer is None:
            return wording.INVOICE_DETAILS[self._language]
        return wording.TRANSFER[self._language].format(iban=transfer.shown_iban, name=transfer.beneficiary)

    def confirmation(self) -> TemplateMessage:
        """Return a thank-you, of a part payment where something is left."""
        order = self._orders[0]
        left = order.open_amount
        received = self._money([order.received_amount]) or wording.YOUR_PAYMENT[self._language]
        parameters = (self._client, self._invoices, self._sender, received)
        if left > 0 if left is not None else not order.is_paid:
            open_amount = self._money([left]) or wording.SOME_AMOUNT[self._language]
            return self._filled(wording.PARTIAL, (*parameters, open_amount))
        return self._filled(wording.PAID, parameters)

    def _money(self, amounts: Sequence[Decimal | None]) -> str | None:
        """Return a sum in words; None where one is not known, or where they are in several currencies."""
        known = [amount for amount in amounts if amount is not None]
        currencies = {order.currency for order in self._orders}
        if len(known) < len(amounts) or len(currencies) > 1 or not any(known):
            return None
        return show_money(sum(known, Decimal(0)), currencies.pop(), LANGUAGES[self._language].locale)

    def _link(self) -> str | None:
        """Return where the client sees or pays the invoice; of several invoices, where there is one place for all."""
        found = {order.payment_url or order.invoice_url for order in self._orders}
        link = found.pop() if len(found) == 1 else None
        return link if link is not None and _is_link(link) else None

    def _filled(self, name: str, parameters: tuple[str, ...], button: str | None = None) -> TemplateMessage:
        bodies = wording.BODIES if button is None else wording.BUTTON_BODIES
        cleaned = tuple(_clean(parameter) or "-" for parameter in parameters)
        text = _PLACEHOLDER.sub(lambda found: cleaned[int(found[1]) - 1], bodies[name][self._language])
        if button is not None:
            text = f"{text}\n\n{wording.BUTTON_LABELS[self._language]}: {self._setup.link_base}{button}"
        at_meta = self._setup.names.get(name, name)
        return TemplateMessage(at_meta, self._language, cleaned, button, text)


def _shorten(text: str | None, most: int) -> str:
    shown = _clean(text or "")
    return shown if len(shown) <= most else f"{shown[: most - 1].rstrip()}…"


def _clean(text: str) -> str:
    """Return foreign text as Meta takes it in a parameter; a space that does not break stays one."""
    return _SPACES.sub(" ", show_text(text))


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://")) and show_text(url) == url and len(url) <= _LONGEST_BUTTON
