"""Reading orders: one by what identifies it, a page of a list, or all of a list as a stream."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import msgspec

from services.console.paging import fetch_page, fetch_rows
from services.console.selection import Selection
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
_ONE: Final = f"SELECT {_COLUMNS} FROM orders WHERE account_id = $1 AND livemode = $2 AND id = $3"
_NOT_FIELDS: Final = frozenset({"id", "platform", "order_number", "version", "created_at", "updated_at", "place"})
_JSON: Final = frozenset({"items", "metadata"})

Shown = dict[str, Any]
"""Something as the API shows it."""


STREAM_SECONDS: Final = 25
"""How long one fetch of a stream may take; the first may have to sort all orders."""


class OrdersReader:
    """Reads orders as their tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def one(self, key: ApiKey, identity: Identity) -> Shown | None:
        """Return one merged order as the API shows it, or None."""
        async with as_tenant(self._database, key) as connection:
            row = await connection.fetchrow(_ONE, key.account, key.live, identity.order_id())
        return None if row is None else _view(key, row)

    async def page(self, key: ApiKey, selection: Selection) -> tuple[list[Shown], str | None]:
        """Return a page of orders, and the cursor of the next one where there is more."""
        where, values = selection.where(key)
        # First which orders, then what they hold: else that is made text of for each order that is sorted.
        chosen = f"SELECT id FROM orders {where} LIMIT ${len(values) + 1}"
        query = (
            f"SELECT {_columns(selection)} FROM ({chosen}) AS page JOIN orders USING (id) {selection.sort.order_by()}"
        )
        async with as_tenant(self._database, key) as connection:
            page = await fetch_page(
                connection, query, (*values, selection.paging.fetched), selection.paging, selection.sort.place_of
            )
        return [_view(key, row) for row in page.rows], page.next_cursor

    @asynccontextmanager
    async def stream(self, key: ApiKey, selection: Selection) -> AsyncIterator[AsyncIterator[Shown]]:
        """Give all orders of a list as they were at one moment, of which memory holds a few at a time."""
        where, values = selection.where(key)
        query = f"SELECT {_columns(selection)} FROM orders {where}"
        async with (
            as_tenant(self._database, key, statement_seconds=STREAM_SECONDS) as connection,
            aclosing(fetch_rows(connection, query, values)) as rows,
        ):
            yield (_view(key, row) async for row in rows)


def _columns(selection: Selection) -> str:
    return f"{_COLUMNS}, orders.{selection.sort.column} AS place"


def _view(key: ApiKey, row: Row) -> Shown:
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
