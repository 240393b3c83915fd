"""The JSON body of POST /orders, as Structs: what msgspec itself checks of it (types, lengths, choices).

Money and quantities are anything here, and looked at as text in `normalise`: "2950.00" and 2950.00 are both right,
2.95e3 is not. `null` and "" mean the same as absent for every field.
"""

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct

from shared.orders.identity import LONGEST_ORDER_NUMBER, LONGEST_PLATFORM
from shared.orders.money import CURRENCIES
from shared.orders.view import FIELDS

_CONTROL: Final = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_INVISIBLE: Final = (
    r"\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    r"\ufeff\ufff9-\ufffb"
)
_PLAIN: Final = {"pattern": f"^[^{_CONTROL}]*$"}
_IDENTIFIER: Final = {
    "pattern": rf"^[^\s{_CONTROL}{_INVISIBLE}]([^{_CONTROL}{_INVISIBLE}]*[^\s{_CONTROL}{_INVISIBLE}])?$"
}


def _or_empty(**schema: Any) -> dict[str, Any]:
    return {"anyOf": [schema, {"const": ""}]}


def _decimal(form: str, *, examples: list[str], is_required: bool = False, **limits: Any) -> dict[str, Any]:
    """Return the schema of a decimal, as a string or as a number; what may be absent may be null or "" as well."""
    nothing = [] if is_required else [{"const": ""}, {"type": "null"}]
    return {
        "anyOf": [{"type": "string", "pattern": form}, {"type": "number", **limits}, *nothing],
        "examples": examples,
    }


# These schemas describe; what is checked, and how a fault is told, stands in `normalise`.
_MOST: Final = 999_999_999_999.999
_SIGNED_FORM: Final = r"^(?!-0(\.0+)?$)-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$"
_AMOUNT_SCHEMA: Final = _decimal(
    r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$", examples=["2950.00"], minimum=0, maximum=_MOST
)
_SIGNED_SCHEMA: Final = _decimal(_SIGNED_FORM, examples=["2950.00", "-12.50"], minimum=-_MOST, maximum=_MOST)
_PRICE_SCHEMA: Final = _decimal(_SIGNED_FORM, examples=["2500.00"], is_required=True, minimum=-_MOST, maximum=_MOST)
_QUANTITY_SCHEMA: Final = _decimal(
    r"^(?!0(\.0+)?$)(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$", examples=["1", "2.5"], exclusiveMinimum=0, maximum=_MOST
)
Amount = Annotated[
    Any,
    Meta(
        description="Plain digits, a point, as many decimals as the currency has (2 where none is named).",
        extra_json_schema=_AMOUNT_SCHEMA,
    ),
]
SignedAmount = Annotated[
    Any, Meta(description="As other amounts; below zero for a credit note.", extra_json_schema=_SIGNED_SCHEMA)
]
Price = Annotated[
    Any, Meta(description="Of one; as other amounts, below zero for a discount.", extra_json_schema=_PRICE_SCHEMA)
]
Quantity = Annotated[
    Any, Meta(description="Above 0, up to 3 decimals; 1 where absent.", extra_json_schema=_QUANTITY_SCHEMA)
]

Text40 = Annotated[str, Meta(max_length=40, extra_json_schema=_PLAIN)]
Text64 = Annotated[str, Meta(max_length=64, extra_json_schema=_PLAIN)]
Text100 = Annotated[str, Meta(max_length=100, extra_json_schema=_PLAIN)]
Text128 = Annotated[str, Meta(max_length=128, extra_json_schema=_PLAIN)]
Text200 = Annotated[str, Meta(max_length=200, extra_json_schema=_PLAIN)]
Text254 = Annotated[str, Meta(max_length=254, extra_json_schema=_PLAIN)]
Text500 = Annotated[str, Meta(max_length=500, extra_json_schema=_PLAIN)]
Platform = Annotated[str, Meta(min_length=1, max_length=LONGEST_PLATFORM, extra_json_schema=_IDENTIFIER)]
OrderNumber = Annotated[str, Meta(min_length=1, max_length=LONGEST_ORDER_NUMBER, extra_json_schema=_IDENTIFIER)]
Email = Annotated[str, Meta(max_length=254, extra_json_schema=_or_empty(format="email"))]
Phone = Annotated[
    str,
    Meta(
        max_length=32,
        description="Any usual notation, Dutch where it has no country code; stored as E.164.",
        extra_json_schema=_or_empty(format="phone"),
    ),
]
Link = Annotated[
    str,
    Meta(
        max_length=2048,
        description="Absolute, http or https, without credentials.",
        extra_json_schema=_or_empty(format="uri", pattern="^[Hh][Tt][Tt][Pp][Ss]?://"),
    ),
]
Day = Annotated[str, Meta(max_length=10, extra_json_schema=_or_empty(format="date"))]
Moment = Annotated[
    str,
    Meta(
        max_length=64,
        description="RFC 3339: when this became true at the sender; from 2000, at most 5 seconds from now.",
        extra_json_schema=_or_empty(format="date-time"),
    ),
]
Currency = Annotated[
    str, Meta(max_length=3, description="ISO 4217.", extra_json_schema={"enum": ["", *sorted(CURRENCIES)]})
]
Clearable = Annotated[
    str,
    Meta(extra_json_schema={"enum": [name for name in FIELDS if name not in ("orderStatus", "paymentStatus")]}),
]

OrderStatus = Literal["processing", "delivered", "cancelled"]
PaymentStatus = Literal["pending", "paid", "overdue", "refunded"]
Language = Literal["nl", "en"]


class ItemBody(Struct, forbid_unknown_fields=True):
    """One service or product on the invoice."""

    name: Annotated[str, Meta(min_length=1, max_length=300, extra_json_schema=_PLAIN)]
    price: Price
    quantity: Quantity = UNSET


class OrderBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """One submission of an order, as a billing system sends it."""

    platform: Platform
    order_number: OrderNumber
    order_status: OrderStatus
    customer_email: Email | None = None
    customer_name: Text200 | None = None
    customer_phone: Phone | None = None
    customer_language: Language | Literal[""] | None = None
    items: Annotated[list[ItemBody], Meta(max_length=500)] | Literal[""] | None = None
    total: SignedAmount = UNSET
    currency: Currency | None = None
    payment_status: PaymentStatus | Literal[""] | None = None
    payment_method: Text64 | None = None
    invoice_number: Text128 | None = None
    invoice_url: Link | None = None
    invoice_date: Day | None = None
    due_date: Day | None = None
    payment_url: Link | None = None
    amount_paid: Amount = UNSET
    occurred_at: Moment | None = None
    metadata: Annotated[dict[Text40, Text500], Meta(max_length=20)] | Literal[""] | None = None
    clear: Annotated[list[Clearable], Meta(max_length=40)] | Literal[""] | None = None


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
