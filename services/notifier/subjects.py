"""An account and one of its orders, read for a preview: what messages are about when nothing has fallen due."""

from typing import Final
from uuid import UUID

from services.notifier.rows import ORDER_COLUMNS, read_order
from shared.account_settings import read_account_settings
from shared.database import Database
from shared.errors import InvalidInput
from shared.messages.account import Account
from shared.messages.order import Order
from shared.orders.identity import Identity

_ACCOUNT: Final = """
SELECT a.name, s.document::text AS document FROM accounts AS a LEFT JOIN settings AS s ON s.account_id = a.id
WHERE a.id = $1
"""
_ORDER: Final = f"SELECT o.id AS order_id, o.account_id, o.livemode, {ORDER_COLUMNS} FROM orders AS o WHERE o.id = $1"


class Subjects:
    """Reads accounts and orders; raises `InvalidInput` where there is no such thing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def account(self, id: UUID) -> Account:
        """Return an account as its messages show it."""
        async with self._database.transaction(readonly=True) as connection:
            row = await connection.fetchrow(_ACCOUNT, id)
        if row is None:
            raise InvalidInput("There is no account of this id")
        return Account(row["name"], read_account_settings(row["document"]))

    async def order(self, identity: Identity) -> Order:
        """Return an order as messages show it."""
        async with self._database.transaction(readonly=True) as connection:
            row = await connection.fetchrow(_ORDER, identity.order_id())
        if row is None:
            raise InvalidInput("There is no order of this platform and number")
        return read_order(row)
