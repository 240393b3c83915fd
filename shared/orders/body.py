"""The JSON body of POST /orders, as Structs: what msgspec itself checks of it (types, lengths, choices).

Money and quantities are kept as the raw JSON, because "2950.00" and 2950.00 are both right, 2.95e3 is not, and a parsed
number no longer tells which was sent. `null` and "" mean the same as absent for every field.
"""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Raw, Struct

ABSENT: Final = Raw(b"")

AMOUNT_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string", "pattern": r"^(-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?)?$"},
        {"type": "number"},
        {"type": "null"},
    ],
    "examples": ["2950.00"],
}
Amount = Annotated[Raw, Meta(extra_json_schema=AMOUNT_SCHEMA)]

Text40 = Annotated[str, Meta(max_length=40)]
Text64 = Annotated[str, Meta(max_length=64)]
Text128 = Annotated[str, Meta(max_length=128)]
Text200 = Annotated[str, Meta(max_length=200)]
Text500 = Annotated[str, Meta(max_length=500)]
Email = Annotated[str, Meta(max_length=254)]
Phone = Annotated[str, Meta(max_length=32)]
Link = Annotated[str, Meta(max_length=2048)]

OrderStatus = Literal["processing", "delivered", "cancelled"]
PaymentStatus = Literal["pending", "paid", "overdue", "refunded"]
Language = Literal["nl", "en"]


class ItemBody(Struct, forbid_unknown_fields=True):
    """One service or product on the invoice."""

    name: Annotated[str, Meta(min_length=1, max_length=300)]
    price: Amount
    quantity: Amount = ABSENT


class OrderBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """One submission of an order, as a billing system sends it."""

    platform: Annotated[str, Meta(min_length=1, max_length=64)]
    order_number: Annotated[str, Meta(min_length=1, max_length=128)]
    order_status: OrderStatus
    customer_email: Email | None = None
    customer_name: Text200 | None = None
    customer_phone: Phone | None = None
    customer_language: Language | Literal[""] | None = None
    items: Annotated[list[ItemBody], Meta(max_length=500)] | Literal[""] | None = None
    total: Amount = ABSENT
    currency: Annotated[str, Meta(max_length=3)] | None = None
    payment_status: PaymentStatus | Literal[""] | None = None
    payment_method: Text64 | None = None
    invoice_number: Text128 | None = None
    invoice_url: Link | None = None
    invoice_date: Annotated[str, Meta(max_length=10)] | None = None
    due_date: Annotated[str, Meta(max_length=10)] | None = None
    payment_url: Link | None = None
    amount_paid: Amount = ABSENT
    occurred_at: Annotated[str, Meta(max_length=64)] | None = None
    metadata: Annotated[dict[Text40, Text500], Meta(max_length=20)] | Literal[""] | None = None
    clear: Annotated[list[str], Meta(max_length=40)] | Literal[""] | None = None


EXPECTED: Final = {
    "platform": "a string of 1 to 64 characters",
    "orderNumber": "a string of 1 to 128 characters",
    "orderStatus": 'one of "processing", "delivered", "cancelled"',
    "customerEmail": "a string of at most 254 characters",
    "customerName": "a string of at most 200 characters",
    "customerPhone": "a string of at most 32 characters",
    "customerLanguage": '"nl" or "en"',
    "items": "an array of at most 500 objects {name, quantity, price}",
    "currency": "an ISO 4217 code in capitals, such as EUR",
    "paymentStatus": 'one of "pending", "paid", "overdue", "refunded"',
    "paymentMethod": "a string of at most 64 characters",
    "invoiceNumber": "a string of at most 128 characters",
    "invoiceUrl": "a string of at most 2048 characters",
    "invoiceDate": "a date such as 2026-11-22",
    "dueDate": "a date such as 2026-11-22",
    "paymentUrl": "a string of at most 2048 characters",
    "occurredAt": "an RFC 3339 timestamp such as 2026-11-22T09:30:00Z",
    "metadata": "an object of at most 20 pairs, each a string of at most 40 characters to one of at most 500",
    "clear": "an array of names of fields to empty",
    "name": "a string of 1 to 300 characters",
}
"""What a field must be, in words, for the message of a fault."""

REQUIRED: Final = ("platform", "orderNumber", "orderStatus")
NEVER_CLEARED: Final = frozenset({*REQUIRED, "paymentStatus", "occurredAt", "clear"})
