"""A reminder that a person asks for, out of the ladder's turn.

It leaves at any hour and though the order is paused: somebody has decided so. But nobody is reminded twice a day, nor
of what is settled, nor where the address is suppressed.
"""

from typing import Any, Final
from uuid import UUID, uuid5

from services.console.orders import Shown
from services.console.tenancy import as_tenant
from shared.clients import ADDRESS, CHANNEL, CLIENT
from shared.contracts import Event
from shared.database import Connection, Database, Row
from shared.dunning import Dunning, read_dunning
from shared.http.problems import Problem
from shared.keys import ApiKey
from shared.ladder import current_cycle, is_chased
from shared.notifications import notification_id
from shared.orders.identity import Identity
from shared.orders.moments import to_microseconds, write_timestamp
from shared.orders.stored import COLUMNS, stored_view
from shared.outbox import add_to_outbox
from shared.quiet_times import local_day

_ASKED: Final = UUID("7d0c5a93-18e4-5b6f-9a27-c4e1f08d3b56")

_ORDER: Final = f"SELECT {COLUMNS} FROM orders WHERE account_id = $1 AND livemode = $2 AND id = $3"
_REACH: Final = f"""
SELECT n.channel, {ADDRESS} IS NOT NULL AS is_reachable,
    EXISTS (
        SELECT FROM suppressions WHERE account_id = n.account_id AND livemode = n.livemode AND address = {ADDRESS}
    ) AS is_suppressed,
    EXISTS (
        SELECT FROM notifications AS other
        WHERE other.client = {CLIENT} AND other.day = $2 AND other.kind = 'reminder' AND other.state <> 'cancelled'
    ) AS is_reminded
FROM orders AS o LEFT JOIN settings AS s ON s.account_id = o.account_id
CROSS JOIN LATERAL (SELECT {CHANNEL} AS channel FROM (SELECT o.account_id) AS n) AS chosen
CROSS JOIN LATERAL (SELECT o.account_id, o.livemode, chosen.channel) AS n
WHERE o.id = $1
"""


class Reminders:
    """Asks for reminders: reads as the tenant, and tells the notifier through the outbox."""

    def __init__(self, reading: Database, writing: Database) -> None:
        self._reading = reading
        self._writing = writing

    async def ask(self, key: ApiKey, identity: Identity) -> list[Shown] | None:
        """Ask for a reminder now; return the notifications to be, None where there is no such order.

        Raises `Problem` (409) where none may leave. Asked twice a day, it is the same reminder.
        """
        order_id = identity.order_id()
        async with as_tenant(self._reading, key) as connection:
            row = await connection.fetchrow(_ORDER, key.account, key.live, order_id)
            dunning = (await read_dunning(connection, [order_id])).get(order_id)
            if row is None or dunning is None:
                return None
            channel = await _channel(connection, dunning)
        step = max((one.step for one in dunning.order.given if not one.asked), default=1)
        cycle = current_cycle(order_id, dunning.order.changes)
        run_id = uuid5(_ASKED, f"{cycle.id} {local_day(dunning.now, dunning.settings)}")
        async with self._writing.transaction(account=key.account) as connection:
            await add_to_outbox(connection, [(_event(identity, row, dunning, run_id, step), order_id)])
        due_at = write_timestamp(to_microseconds(dunning.now))
        return [
            {
                "id": str(notification_id(order_id, "reminder", run_id, step, channel)),
                "kind": "reminder",
                "step": step,
                "channel": channel,
                "state": "planned",
                "reason": None,
                "to": None,
                "dueAt": due_at,
                "sentAt": None,
                "sentWith": None,
            }
        ]


async def _channel(connection: Connection, dunning: Dunning) -> str:
    """Return the channel over which a reminder can leave today, or raise why it cannot."""
    if not is_chased(dunning.order):
        raise Problem(409, "nothing_to_remind", "There is nothing to remind of: the order is not open")
    today = local_day(dunning.now, dunning.settings)
    row = await connection.fetchrow(_REACH, dunning.order.order_id, today)
    if row is None or not getattr(dunning.settings.channels, row["channel"]):
        raise Problem(409, "channels_off", "All channels of this account are switched off")
    if not row["is_reachable"]:
        raise Problem(409, "no_address", "The order has no address over which its client could be reached")
    if row["is_suppressed"]:
        raise Problem(409, "suppressed", "The client's address is on the suppression list")
    if row["is_reminded"]:
        raise Problem(409, "client_reminded_today", "The client has been reminded today, and is not twice a day")
    channel: str = row["channel"]
    return channel


def _event(identity: Identity, row: Row, dunning: Dunning, run_id: UUID, step: int) -> Event:
    data: dict[str, Any] = {
        "order": stored_view(identity, dict(row)),
        "changed": [],
        "reminder": {"cycle": str(run_id), "step": step, "asked": True},
    }
    return Event(
        id=uuid5(_ASKED, f"{run_id} {step}"),
        type="reminder.due",
        timestamp=write_timestamp(to_microseconds(dunning.now)),
        account=identity.account,
        livemode=identity.live,
        data=data,
    )
