"""Reading orders: one by what identifies it."""

from typing import Any, Final

import msgspec

from services.console.tenancy import as_tenant
from shared.database import Database, Row
from shared.keys import ApiKey
from shared.orders.identity import Identity
from shared.orders.view import order_view

_COLUMNS: Final = """
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
_ONE: Final = f"SELECT {_COLUMNS} FROM orders WHERE id = $1"
_NOT_FIELDS: Final = frozenset({"id", "platform", "order_number", "version", "created_at", "updated_at"})
_JSON: Final = frozenset({"items", "metadata"})


class OrdersReader:
    """Reads orders as their tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def one(self, key: ApiKey, platform: str, order_number: str) -> dict[str, Any] | None:
        """Return one merged order as the API shows it, or None."""
        order_id = Identity(key.account, key.live, platform, order_number).order_id()
        async with as_tenant(self._database, key) as connection:
            row = await connection.fetchrow(_ONE, order_id)
        return None if row is None else _view(key, row)


def _view(key: ApiKey, row: Row) -> dict[str, Any]:
    fields = {
        name: msgspec.json.decode(value) if name in _JSON else value
        for name, value in row.items()
        if name not in _NOT_FIELDS and value is not None
    }
    return order_view(
        Identity(key.account, key.live, row["platform"], row["order_number"]),
        row["id"],
        fields,
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
