"""A stored order as the API and the events show it: the columns to read, and what one row of them shows."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from shared.orders.identity import Identity
from shared.orders.view import FIELDS, order_view

COLUMNS: Final = """
    id, platform, order_number, version,
    order_status AS "orderStatus", payment_status AS "paymentStatus", customer_email AS "customerEmail",
    customer_name AS "customerName", customer_phone AS "customerPhone", customer_language AS "customerLanguage",
    items::text AS items, total::text AS total, currency, amount_paid::text AS "amountPaid",
    payment_method AS "paymentMethod", invoice_number AS "invoiceNumber", invoice_url AS "invoiceUrl",
    invoice_date::text AS "invoiceDate", due_date::text AS "dueDate", payment_url AS "paymentUrl",
    metadata::text AS metadata,
    (extract(epoch FROM created_at) * 1000000)::bigint AS created_at,
    (extract(epoch FROM updated_at) * 1000000)::bigint AS updated_at
"""
"""What to select from the table `orders`."""

_JSON: Final = frozenset({"items", "metadata"})


def stored_view(identity: Identity, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row of those columns shows of the order that `identity` names."""
    fields = {
        name: msgspec.json.decode(row[name]) if name in _JSON else row[name] for name in FIELDS if row[name] is not None
    }
    return order_view(
        identity,
        row["id"],
        fields,
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
