"""What the console answers about orders: one, its history, its notifications, and where a submission stands."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from shared.orders.documents import Fields, Order, OrderName, Timestamp, Version


class OrderAnswer(Struct, frozen=True):
    """One order."""

    success: Literal[True]
    order: Order


class Submission(Struct, frozen=True, rename="camel"):
    """One submission of an order's history: what it set and cleared, whether it counts, and which events it gave.

    `order.created` and `order.updated` are not among those: they follow from what it set.
    """

    id: UUID
    version: Version
    state: Literal["applied", "stale", "duplicate", "rejected"]
    duplicate_of: UUID | None
    received_at: Timestamp
    occurred_at: Timestamp | None
    api_key: str | None
    sets: Fields
    clears: list[str]
    events: list[Literal["payment.paid", "payment.overdue", "payment.refunded", "order.cancelled", "payment.partial"]]


class Notification(Struct, frozen=True, rename="camel"):
    """One message to one person over one channel; `step` counts a reminder's from 1.

    `sentWith` is the notification whose message told of this one too: several invoices of one client.
    """

    id: UUID
    kind: Literal["confirmation", "reminder"]
    step: int
    channel: str
    state: Literal["planned", "held", "waiting", "sending", "sent", "delivered", "failed", "cancelled", "simulated"]
    reason: str | None
    to: str | None
    due_at: Timestamp
    sent_at: Timestamp | None
    sent_with: UUID | None


class SettledReceipt(Struct, frozen=True, rename="camel"):
    """Where a submission that is stored stands."""

    id: UUID
    state: Literal["applied", "stale", "duplicate", "rejected"]
    version: Version
    duplicate_of: UUID | None
    reason: str | None
    received_at: Timestamp
    settled_at: Timestamp
    order: OrderName


class ReceiptAnswer(Struct, frozen=True):
    """One receipt."""

    success: Literal[True]
    receipt: SettledReceipt
