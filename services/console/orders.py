"""Reading orders: one by what identifies it, a page of a list, or all of a list as a stream."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

from services.console.paging import fetch_page, fetch_rows
from services.console.selection import Selection
from services.console.tenancy import as_tenant
from shared.database import Database, Row
from shared.keys import ApiKey
from shared.orders.identity import Identity
from shared.orders.stored import COLUMNS, stored_view

_ONE: Final = f"SELECT {COLUMNS} FROM orders WHERE account_id = $1 AND livemode = $2 AND id = $3"

_PULSE: Final = """
SELECT coalesce(md5(string_agg(id::text || version || updated_at, ',')), '') FROM (
    SELECT id, version, updated_at FROM orders WHERE account_id = $1 AND livemode = $2
    ORDER BY updated_at DESC, id DESC LIMIT 64) AS newest
"""

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

    async def pulse(self, key: ApiKey) -> str:
        """Return a text that is another once an order of the tenant has changed; it costs the look-up of an index.

        It tells the newest changes, and not the last alone: one may be committed after another with a later time.
        """
        async with as_tenant(self._database, key) as connection:
            return str(await connection.fetchval(_PULSE, key.account, key.live))

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
    return f"{COLUMNS}, orders.{selection.sort.column} AS place"


def _view(key: ApiKey, row: Row) -> Shown:
    return stored_view(Identity(key.account, key.live, row["platform"], row["order_number"]), dict(row))
