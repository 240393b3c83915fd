"""Erasing a person: who they were leaves orders, history, notifications, events and failures; amounts stay.

In the history an erased value becomes a cleared one. So the fold still gives the identical row, and a submission that
is older, and comes late, does not bring the value back. What the person's orders are sent anew afterwards is new.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.console.erasure import Person, erase_from_failures, erase_from_outbox
from shared.database import Database
from shared.keys import ApiKey

_BATCH: Final = 500
"""How many orders are locked at a time; workers wait for them meanwhile."""

# Current addresses; those of the past; and of what never became an order, since all of it was rejected.
_FIND: Final = """
SELECT id FROM orders WHERE account_id = $1 AND livemode = $2 AND lower(customer_email) = lower($3)
UNION
SELECT o.id FROM orders AS o JOIN submissions AS s ON s.order_id = o.id
WHERE o.account_id = $1 AND o.livemode = $2 AND lower(s.sets->>'customerEmail') = lower($3)
UNION
SELECT order_id FROM submissions
WHERE account_id = $1 AND livemode = $2 AND state = 'rejected' AND lower(sets->>'customerEmail') = lower($3)
ORDER BY 1
"""

# In the order of ids, as the workers do.
_LOCK: Final = """
SELECT id FROM orders WHERE account_id = $1 AND livemode = $2 AND id = ANY($3::uuid[]) ORDER BY id FOR UPDATE
"""
_ORDERS: Final = """
UPDATE orders SET customer_email = NULL, customer_name = NULL, customer_phone = NULL
WHERE account_id = $1 AND livemode = $2 AND id = ANY($3::uuid[])
"""
_SUBMISSIONS: Final = """
UPDATE submissions SET
    sets = sets - '{customerEmail,customerName,customerPhone}'::text[],
    clears = ARRAY(
        SELECT unnest(clears) UNION
        SELECT jsonb_object_keys(sets) INTERSECT SELECT unnest('{customerEmail,customerName,customerPhone}'::text[])
        ORDER BY 1)
WHERE account_id = $1 AND livemode = $2 AND order_id = ANY($3::uuid[])
    AND sets ?| '{customerEmail,customerName,customerPhone}'::text[]
"""
# WhatsApp's id of a message holds the number that it went to; a server's refusal names the address. Our own reasons, of
# one word, stay.
_NOTIFICATIONS: Final = """
UPDATE notifications
SET recipient = NULL, subject = NULL, text_body = NULL, html_body = NULL, reference = NULL, client = NULL,
    reason = CASE WHEN reason ~ '^[a-z_]+$' THEN reason END
WHERE account_id = $1 AND livemode = $2 AND order_id = ANY($3::uuid[])
"""
# An endpoint's answer may quote what it was sent.
_WEBHOOK_ATTEMPTS: Final = """
UPDATE webhook_attempts SET response = NULL
WHERE account_id = $1 AND livemode = $2 AND order_id = ANY($3::uuid[]) AND response IS NOT NULL
"""
# Published events stay as they are until they leave; sent again to a webhook, they leave the person out. The time is
# that of now, with the locks held: what was stored before has an earlier one.
_REMEMBER: Final = """
INSERT INTO erased_orders (order_id, erased_at)
SELECT id, clock_timestamp() FROM unnest($1::uuid[]) AS erased (id) ORDER BY id
ON CONFLICT (order_id) DO UPDATE SET erased_at = excluded.erased_at
"""
# A mail server's refusal names the address.
_ATTEMPTS: Final = """
UPDATE attempts SET response = NULL WHERE notification_id IN (
    SELECT id FROM notifications WHERE account_id = $1 AND livemode = $2 AND order_id = ANY($3::uuid[]))
"""
# A suppressed address stays on its list: it is what keeps the person from being written to.
_PAUSE: Final = "DELETE FROM paused_customers WHERE account_id = $1 AND livemode = $2 AND email = lower($3)"


class Customers:
    """Erases persons, a batch of orders a transaction; a second call does what the first left when it was cut short."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, key: ApiKey, email: str) -> int:
        """Erase whoever has this address in the key's account and world; return from how many orders and failures."""
        async with self._database.transaction(readonly=True, account=key.account) as connection:
            found = [row["id"] for row in await connection.fetch(_FIND, key.account, key.live, email)]
        for first in range(0, len(found), _BATCH):
            await self._erase_orders(key, found[first : first + _BATCH])
        async with self._database.transaction(account=key.account) as connection:
            await connection.execute(_PAUSE, key.account, key.live, email)
            failures = await erase_from_failures(connection, Person(key.account, key.live, email, frozenset(found)))
        return len(found) + failures

    async def _erase_orders(self, key: ApiKey, ids: Sequence[UUID]) -> None:
        async with self._database.transaction(account=key.account) as connection:
            # A statement of its own: the next see what was committed before the locks were had.
            await connection.execute(_LOCK, key.account, key.live, ids)
            for statement in (_ORDERS, _SUBMISSIONS, _NOTIFICATIONS, _ATTEMPTS, _WEBHOOK_ATTEMPTS):
                await connection.execute(statement, key.account, key.live, ids)
            await connection.execute(_REMEMBER, ids)
            await erase_from_outbox(connection, key, ids)
