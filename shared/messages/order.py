"""An order as the notifier reads it right before it sends: who is reached, what was agreed, what is still open."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from msgspec import Struct


class Item(Struct, frozen=True):
    """One line of the invoice; quantity and price are plain decimal text."""

    name: str
    price: str
    quantity: str = "1"


class Order(Struct, frozen=True, kw_only=True):
    """The fields of the order's row that a message or a decision needs."""

    id: UUID
    account: UUID
    live: bool
    platform: str
    number: str
    order_status: str
    payment_status: str | None = None
    customer_email: str | None = None
    customer_name: str | None = None
    customer_phone: str | None = None
    language: str | None = None
    items: tuple[Item, ...] = ()
    total: Decimal | None = None
    currency: str | None = None
    amount_paid: Decimal | None = None
    payment_method: str | None = None
    invoice_number: str | None = None
    invoice_url: str | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    payment_url: str | None = None
    paid_since: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_paid(self) -> bool:
        """Whether its sender calls it paid, in whole or in part."""
        return self.payment_status == "paid"

    @property
    def open_amount(self) -> Decimal | None:
        """What is still to be paid; None without a total. Paid without an amount (or with 0) means paid in full."""
        if self.total is None:
            return None
        if self.is_paid and not self.amount_paid:
            return Decimal(0)
        return self.total - (self.amount_paid or 0)

    @property
    def received_amount(self) -> Decimal | None:
        """What has been paid so far; None where nobody told."""
        if self.amount_paid:
            return self.amount_paid
        return self.total if self.is_paid and self.amount_paid is None else None

    def address(self, channel: str) -> str | None:
        """Return where its client is reached over a channel, or None."""
        value = getattr(self, ADDRESSES[channel])
        return value if isinstance(value, str) and value else None


ADDRESSES: Final = {"email": "customer_email", "whatsapp": "customer_phone"}
"""The field (and column of `orders`) that holds a client's address on each channel."""

FALLBACK: Final = "email"
"""The channel that takes the place of another which cannot deliver."""
