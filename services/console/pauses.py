"""Pauses: no reminders for an order, or for a client, until somebody ends the pause."""

from typing import Final
from uuid import UUID

from services.console.tenancy import as_tenant
from shared.database import Database
from shared.keys import ApiKey
from shared.notifications import CHANNEL

_IS_ORDER: Final = "SELECT EXISTS (SELECT FROM orders WHERE account_id = $1 AND livemode = $2 AND id = $3)"
_PAUSE_ORDER: Final = """
INSERT INTO paused_orders (account_id, livemode, order_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""
_PAUSE_CUSTOMER: Final = """
INSERT INTO paused_customers (account_id, livemode, email) VALUES ($1, $2, lower($3)) ON CONFLICT DO NOTHING
"""
_FREE_ORDER: Final = "DELETE FROM paused_orders WHERE account_id = $1 AND livemode = $2 AND order_id = $3"
_FREE_CUSTOMER: Final = "DELETE FROM paused_customers WHERE account_id = $1 AND livemode = $2 AND email = lower($3)"

# A notifier that has read of the pause and not said so yet is waited for, in the order of ids; it waits for nobody.
_LOCK: Final = """
SELECT id FROM notifications
WHERE account_id = $1 AND livemode = $2 AND state IN ('planned', 'held', 'waiting', 'sending') AND {which}
ORDER BY id FOR UPDATE
"""
# What was held meanwhile is decided again at once; of several steps the newest speaks. A statement of its own: it sees
# what was committed before the locks were had.
_WAKE: Final = f"""
WITH woken AS (
    UPDATE notifications SET state = 'planned', reason = NULL, due_at = now()
    WHERE account_id = $1 AND livemode = $2 AND state = 'held' AND reason = 'paused' AND {{which}}
    RETURNING id
)
SELECT pg_notify('{CHANNEL}', '') WHERE EXISTS (SELECT FROM woken)
"""
_OF_THE_ORDER: Final = "order_id = $3"
_OF_THE_CUSTOMER: Final = """order_id IN (
        SELECT id FROM orders WHERE account_id = $1 AND livemode = $2 AND lower(customer_email) = lower($3))"""
_WAKE_ORDER: Final = (_LOCK.format(which=_OF_THE_ORDER), _WAKE.format(which=_OF_THE_ORDER))
_WAKE_CUSTOMER: Final = (_LOCK.format(which=_OF_THE_CUSTOMER), _WAKE.format(which=_OF_THE_CUSTOMER))
_OF_ORDER: Final = """
SELECT EXISTS (SELECT FROM paused_orders WHERE account_id = $1 AND livemode = $2 AND order_id = $3)
"""
_OF_CUSTOMER: Final = """
SELECT EXISTS (SELECT FROM paused_customers WHERE account_id = $1 AND livemode = $2 AND email = lower($3))
"""


class Pauses:
    """Keeps pauses: reads them as their tenant, and changes them as the owner; twice is once."""

    def __init__(self, reading: Database, writing: Database) -> None:
        self._reading = reading
        self._writing = writing

    async def pause_order(self, key: ApiKey, order_id: UUID) -> bool:
        """Pause an order; return whether there is such an order."""
        async with as_tenant(self._reading, key) as connection:
            if not await connection.fetchval(_IS_ORDER, key.account, key.live, order_id):
                return False
        async with self._writing.transaction(account=key.account) as connection:
            await connection.execute(_PAUSE_ORDER, key.account, key.live, order_id)
        return True

    async def resume_order(self, key: ApiKey, order_id: UUID) -> None:
        """End an order's pause; what is due of it leaves."""
        async with self._writing.transaction(account=key.account) as connection:
            await connection.execute(_FREE_ORDER, key.account, key.live, order_id)
            for statement in _WAKE_ORDER:
                await connection.execute(statement, key.account, key.live, order_id)

    async def pause_customer(self, key: ApiKey, email: str) -> None:
        """Pause whatever is addressed to a client, now and in future."""
        async with self._writing.transaction(account=key.account) as connection:
            await connection.execute(_PAUSE_CUSTOMER, key.account, key.live, email)

    async def resume_customer(self, key: ApiKey, email: str) -> None:
        """End a client's pause; what is due leaves."""
        async with self._writing.transaction(account=key.account) as connection:
            await connection.execute(_FREE_CUSTOMER, key.account, key.live, email)
            for statement in _WAKE_CUSTOMER:
                await connection.execute(statement, key.account, key.live, email)

    async def is_order_paused(self, key: ApiKey, order_id: UUID) -> bool:
        """Tell whether an order itself is paused."""
        async with as_tenant(self._reading, key) as connection:
            return bool(await connection.fetchval(_OF_ORDER, key.account, key.live, order_id))

    async def is_customer_paused(self, key: ApiKey, email: str) -> bool:
        """Tell whether a client is paused."""
        async with as_tenant(self._reading, key) as connection:
            return bool(await connection.fetchval(_OF_CUSTOMER, key.account, key.live, email))
