"""The order as pydantic reads it, and the one upsert that the peers do with it: nothing but the plain work."""

import json
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field


class Item(BaseModel):
    name: str = Field(max_length=300)
    quantity: Decimal = Decimal(1)
    price: Decimal


class Order(BaseModel):
    platform: str = Field(max_length=64)
    orderNumber: str = Field(max_length=128)
    orderStatus: Literal["processing", "delivered", "cancelled"]
    paymentStatus: Literal["pending", "paid", "overdue", "refunded"] | None = None
    paymentMethod: str | None = Field(None, max_length=64)
    customerEmail: str | None = Field(None, max_length=254)
    customerName: str | None = Field(None, max_length=200)
    items: list[Item] | None = None
    total: Decimal | None = None
    currency: str | None = None
    amountPaid: Decimal | None = None
    invoiceNumber: str | None = None
    invoiceUrl: str | None = None
    metadata: dict[str, str] | None = None


COLUMNS = (
    ("platform", "text"),
    ("order_number", "text"),
    ("order_status", "text"),
    ("payment_status", "text"),
    ("payment_method", "text"),
    ("customer_email", "text"),
    ("customer_name", "text"),
    ("items", "jsonb"),
    ("total", "numeric"),
    ("currency", "text"),
    ("amount_paid", "numeric"),
    ("invoice_number", "text"),
    ("invoice_url", "text"),
    ("metadata", "jsonb"),
)
_NAMES = ", ".join(name for name, _ in COLUMNS)
_KEPT = ", ".join(f"{name} = coalesce(excluded.{name}, o.{name})" for name, _ in COLUMNS[2:])
UPSERT = f"""
INSERT INTO orders AS o ({_NAMES}) VALUES ({", ".join(f"${n}" for n in range(1, len(COLUMNS) + 1))})
ON CONFLICT (platform, order_number) DO UPDATE SET {_KEPT}, updated_at = now()
"""
UPSERT_MANY = f"""
INSERT INTO orders AS o ({_NAMES})
SELECT * FROM unnest({", ".join(f"${n}::{kind}[]" for n, (_, kind) in enumerate(COLUMNS, 1))})
ON CONFLICT (platform, order_number) DO UPDATE SET {_KEPT}, updated_at = now()
"""


def row_of(order: Order) -> tuple:
    items = None
    if order.items is not None:
        items = json.dumps([item.model_dump(mode="json") for item in order.items])
    return (
        order.platform,
        order.orderNumber,
        order.orderStatus,
        order.paymentStatus,
        order.paymentMethod,
        order.customerEmail,
        order.customerName,
        items,
        order.total,
        order.currency,
        order.amountPaid,
        order.invoiceNumber,
        order.invoiceUrl,
        None if order.metadata is None else json.dumps(order.metadata),
    )
