"""Reading orders: one by what identifies it, a page of a list, or all of a list as a stream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from services.console.selection import Selection
from services.console.tenancy import as_tenant
from shared.database import Connection, Database, Row
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
_NOT_FIELDS: Final = frozenset({"id", "platform", "order_number", "version", "created_at", "updated_at", "place"})
_JSON: Final = frozenset({"items", "metadata"})

FETCHED_ROWS: Final = 50
"""How many rows are held at once; one may have 256 KiB."""
MOST_PAGE_BYTES: Final = 8 * 1024 * 1024
"""Beyond this a page ends before its limit, with a cursor to go on from."""

Page = tuple[list[dict[str, Any]], str | None]


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

    async def page(self, key: ApiKey, selection: Selection) -> Page:
        """Return a page of orders, and the cursor of the next one where there is more."""
        shown: list[dict[str, Any]] = []
        size = 0
        last: Row | None = None
        async with as_tenant(self._database, key) as connection:
            async for row in _rows(connection, key, selection, most=selection.limit + 1):
                if last is not None and (len(shown) == selection.limit or size > MOST_PAGE_BYTES):
                    return shown, selection.cursor_at(key, selection.sort.place_of(last))
                shown.append(_view(key, row))
                size += sum(len(row[name] or "") for name in _JSON)
                last = row
        return shown, None

    @asynccontextmanager
    async def stream(self, key: ApiKey, selection: Selection) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Give all orders of a list, as they were at one moment; memory holds a few rows at a time."""
        async with as_tenant(self._database, key) as connection:
            yield (_view(key, row) async for row in _rows(connection, key, selection))


async def _rows(
    connection: Connection, key: ApiKey, selection: Selection, most: int | None = None
) -> AsyncIterator[Row]:
    where, values = selection.where(key)
    limit = "" if most is None else f" LIMIT {most}"
    query = f"SELECT {_COLUMNS}, {selection.sort.column} AS place FROM orders {where}{limit}"
    if most is not None and most <= FETCHED_ROWS + 1:
        for row in await connection.fetch(query, *values):
            yield row
        return
    async for row in connection.cursor(query, *values, prefetch=FETCHED_ROWS):
        yield row


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
