"""An order as the API and the events show it: every field, amounts as strings with the currency's decimals."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from shared.orders.identity import Identity
from shared.orders.moments import write_timestamp
from shared.orders.money import write_amount

FIELDS: Final = (
    "orderStatus",
    "paymentStatus",
    "customerEmail",
    "customerName",
    "customerPhone",
    "customerLanguage",
    "items",
    "total",
    "currency",
    "amountPaid",
    "paymentMethod",
    "invoiceNumber",
    "invoiceUrl",
    "invoiceDate",
    "dueDate",
    "paymentUrl",
    "metadata",
)
"""The fields of an order that submissions set, in the order in which they are shown."""


def accepted_view(order_id: UUID, platform: str, order_number: str, sets: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a gateway answers of an order before it is stored: its identity, and what was just accepted."""
    return {"id": order_id, "platform": platform, "orderNumber": order_number, **show_fields(sets)}


def order_view(
    identity: Identity, order_id: UUID, fields: Mapping[str, Any], *, version: int, created_at: int, updated_at: int
) -> dict[str, Any]:
    """Return a whole order, absent fields as null; the two times are in microseconds since 1970."""
    return {
        "id": str(order_id),
        "platform": identity.platform,
        "orderNumber": identity.order_number,
        **_ABSENT,
        **show_fields(fields),
        "amountDue": amount_due(fields),
        "version": str(version),
        "createdAt": write_timestamp(created_at),
        "updatedAt": write_timestamp(updated_at),
    }


_EMPTY: Final[dict[str, Any]] = {"items": [], "metadata": {}}
_ABSENT: Final[dict[str, Any]] = {name: _EMPTY.get(name) for name in FIELDS}
"""Every field in the order in which fields are shown, as it is where nothing has set it."""


def show_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields in their stored form as the API shows them."""
    currency = fields.get("currency")
    shown = dict(fields)
    for name in ("total", "amountPaid"):
        if name in shown:
            shown[name] = write_amount(shown[name], currency)
    if "items" in shown:
        shown["items"] = [
            {"name": item["name"], "quantity": item["quantity"], "price": write_amount(item["price"], currency)}
            for item in shown["items"]
        ]
    return shown


def amount_due(fields: Mapping[str, Any]) -> str | None:
    """Return what is open, total minus amountPaid: 0 where it is paid without an amount, None without a total."""
    total, paid, currency = fields.get("total"), fields.get("amountPaid"), fields.get("currency")
    if total is None:
        return None
    if paid is None:
        return write_amount("0" if fields.get("paymentStatus") == "paid" else total, currency)
    return write_amount(f"{Decimal(total) - Decimal(paid):f}", currency)
