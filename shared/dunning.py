"""What the ladder of reminders has to know of orders, read from Postgres; each set of orders takes three statements."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from msgspec import Struct

from shared.account_settings import AccountSettings, read_account_settings
from shared.database import Connection
from shared.ladder import Change, Chased, Given, Step, steps_ahead
from shared.orders.moments import to_datetime
from shared.versions import moment_of

CHANNEL: Final = "reminders"
"""The NOTIFY channel that wakes whoever looks for steps that are due."""

ASKED: Final = "reminder.asked"
"""What stands as the event of a reminder that a person asked for."""

_ORDERS: Final = """
SELECT o.id, o.account_id, o.livemode, o.payment_status, o.order_status, o.due_date, o.total, o.amount_paid,
    s.document::text AS document, now() AS now
FROM orders AS o LEFT JOIN settings AS s ON s.account_id = o.account_id
WHERE o.id = ANY($1::uuid[])
"""
_CHANGES: Final = """
SELECT order_id, version, sets->>'paymentStatus' AS payment_status, sets->>'orderStatus' AS order_status
FROM submissions
WHERE order_id = ANY($1::uuid[]) AND state IN ('applied', 'stale') AND sets ?| '{paymentStatus,orderStatus}'
ORDER BY order_id, version, id
"""
_GIVEN: Final = """
SELECT order_id, step, event_type, created_at FROM notifications
WHERE order_id = ANY($1::uuid[]) AND kind = 'reminder' ORDER BY created_at, step
"""


class Dunning(Struct, frozen=True):
    """An order in the hands of its account's ladder, as it was at `now`."""

    account: UUID
    live: bool
    settings: AccountSettings
    order: Chased
    now: datetime

    @property
    def steps(self) -> list[Step]:
        """The steps to come, the soonest first."""
        return steps_ahead(self.settings, self.order, self.now)


async def read_dunning(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Dunning]:
    """Return what is known of each order; one that was erased is left out."""
    changes: dict[UUID, list[Change]] = defaultdict(list)
    for row in await connection.fetch(_CHANGES, ids):
        moment = to_datetime(moment_of(row["version"]))
        changes[row["order_id"]].append(Change(moment, row["payment_status"], row["order_status"]))
    given: dict[UUID, list[Given]] = defaultdict(list)
    for row in await connection.fetch(_GIVEN, ids):
        given[row["order_id"]].append(Given(row["created_at"], row["step"], row["event_type"] == ASKED))
    orders: Mapping[UUID, Dunning] = {
        row["id"]: Dunning(
            row["account_id"],
            row["livemode"],
            read_account_settings(row["document"]),
            Chased(
                order_id=row["id"],
                payment_status=row["payment_status"],
                order_status=row["order_status"],
                due_date=row["due_date"],
                open_amount=_open_amount(row["total"], row["amount_paid"]),
                changes=tuple(changes[row["id"]]),
                given=tuple(given[row["id"]]),
            ),
            row["now"],
        )
        for row in await connection.fetch(_ORDERS, ids)
    }
    return dict(orders)


def _open_amount(total: Decimal | None, paid: Decimal | None) -> Decimal | None:
    return None if total is None else total - (paid or 0)
