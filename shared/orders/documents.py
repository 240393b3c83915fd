"""Orders as answers and events show them, as Structs: the types of what `shared.orders.view` writes.

Nothing is decoded into these while the system runs; they are what its API is described by, and tests hold them to the
real answers.
"""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.orders.body import Language, OrderStatus, PaymentStatus

Money = Annotated[
    str,
    Meta(
        pattern=r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,3})?$",
        description="An exact decimal, with at least the decimals of its currency.",
        examples=["2950.00"],
    ),
]
Quantity = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]*)(\.[0-9]{1,3})?$", examples=["1"])]
Version = Annotated[
    str,
    Meta(
        pattern="^(0|[1-9][0-9]{0,18})$",
        description="A place in the total order of submissions: 63 bits, in decimal.",
        examples=["1795340999000000"],
    ),
]
Timestamp = Annotated[str, Meta(description="RFC 3339, UTC.", extra_json_schema={"format": "date-time"})]
Day = Annotated[str, Meta(extra_json_schema={"format": "date"})]


class Item(Struct, frozen=True):
    """One service or product on the invoice."""

    name: str
    quantity: Quantity
    price: Money


class Fields(Struct, frozen=True, rename="camel", kw_only=True):
    """The fields that one submission sets."""

    order_status: OrderStatus | UnsetType = UNSET
    payment_status: PaymentStatus | UnsetType = UNSET
    customer_email: str | UnsetType = UNSET
    customer_name: str | UnsetType = UNSET
    customer_phone: str | UnsetType = UNSET
    customer_language: Language | UnsetType = UNSET
    items: list[Item] | UnsetType = UNSET
    total: Money | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    amount_paid: Money | UnsetType = UNSET
    payment_method: str | UnsetType = UNSET
    invoice_number: str | UnsetType = UNSET
    invoice_url: str | UnsetType = UNSET
    invoice_date: Day | UnsetType = UNSET
    due_date: Day | UnsetType = UNSET
    payment_url: str | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET


class OrderName(Struct, frozen=True, rename="camel", kw_only=True):
    """Which order."""

    id: UUID
    platform: str
    order_number: str


class AcceptedOrder(Fields, frozen=True, rename="camel", kw_only=True):
    """An order as one submission told it: what was just accepted, before it is merged."""

    id: UUID
    platform: str
    order_number: str


class Order(Struct, frozen=True, rename="camel", kw_only=True):
    """A whole order: all its submissions, merged. `amountDue` is total less amountPaid."""

    id: UUID
    platform: str
    order_number: str
    order_status: OrderStatus
    payment_status: PaymentStatus | None
    customer_email: str | None
    customer_name: str | None
    customer_phone: str | None
    customer_language: Language | None
    items: list[Item]
    total: Money | None
    currency: str | None
    amount_paid: Money | None
    payment_method: str | None
    invoice_number: str | None
    invoice_url: str | None
    invoice_date: Day | None
    due_date: Day | None
    payment_url: str | None
    metadata: dict[str, str]
    amount_due: Money | None
    version: Version
    created_at: Timestamp
    updated_at: Timestamp
