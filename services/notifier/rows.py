"""A due notification with its order and its account: how it is found, read in one query, and made into Structs."""

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from services.notifier.notification import Notification
from shared.account_settings import read_account_settings
from shared.database import Row
from shared.messages.account import Account
from shared.messages.order import Item, Order
from shared.orders.moments import to_datetime
from shared.versions import moment_of

# A row whose claim has run out belonged to a notifier that died: it is taken again, with the same id, hence Message-ID.
LOCK_DUE: Final = """
SELECT id FROM notifications
WHERE channel = $1 AND state IN ('planned', 'held', 'waiting', 'sending') AND due_at <= now()
  AND (claimed_until IS NULL OR claimed_until <= now())
ORDER BY due_at
LIMIT $2
FOR UPDATE SKIP LOCKED
"""

# A statement of its own, so that it sees every order as committed after the rows were locked.
READ_DUE: Final = """
SELECT n.id, n.account_id, n.livemode, n.order_id, n.kind, n.event_type, n.run_id, n.step, n.channel, n.state,
       n.attempts, n.due_at, now() AS now, began.version AS run_version,
       o.platform, o.order_number, o.order_status, o.payment_status, o.customer_email, o.customer_name,
       o.customer_phone, o.customer_language, o.items, o.total, o.currency, o.amount_paid, o.payment_method,
       o.invoice_number, o.invoice_url, o.invoice_date, o.due_date, o.payment_url, o.paid_since,
       a.name AS account_name, s.document,
       EXISTS (
           SELECT FROM notifications other LEFT JOIN submissions other_began ON other_began.id = other.run_id
           WHERE other.order_id = n.order_id AND other.kind = n.kind AND other.channel = n.channel
             AND other.state NOT IN ('cancelled', 'failed')
             AND CASE WHEN other.run_id = n.run_id
                 THEN other.step > n.step AND other.due_at <= now()
                 ELSE (coalesce(other_began.version, 0), other.run_id) > (coalesce(began.version, 0), n.run_id)
             END
       ) AS newer
FROM notifications n
LEFT JOIN orders o ON o.id = n.order_id
LEFT JOIN submissions began ON began.id = n.run_id
LEFT JOIN accounts a ON a.id = n.account_id
LEFT JOIN settings s ON s.account_id = n.account_id
WHERE n.id = ANY ($1)
ORDER BY n.due_at
"""


class Due(Struct, frozen=True):
    """A notification that has fallen due, and all that decides about it; `order` is None where it was erased."""

    notification: Notification
    order: Order | None
    account: Account
    now: datetime
    lag_seconds: float


def read_due(row: Row) -> Due:
    """Return what one row of the claim's query holds."""
    return Due(
        notification=Notification(
            id=row["id"],
            account=row["account_id"],
            live=row["livemode"],
            order_id=row["order_id"],
            kind=row["kind"],
            event_type=row["event_type"],
            run_id=row["run_id"],
            step=row["step"],
            channel=row["channel"],
            state=row["state"],
            attempts=row["attempts"],
            run_began=None if row["run_version"] is None else to_datetime(moment_of(row["run_version"])),
            newer=row["newer"],
        ),
        order=None if row["platform"] is None else _order(row),
        account=Account(row["account_name"], read_account_settings(row["document"])),
        now=row["now"],
        lag_seconds=(row["now"] - row["due_at"]).total_seconds(),
    )


def _order(row: Row) -> Order:
    return Order(
        id=row["order_id"],
        account=row["account_id"],
        live=row["livemode"],
        platform=row["platform"],
        number=row["order_number"],
        order_status=row["order_status"],
        payment_status=row["payment_status"],
        customer_email=row["customer_email"],
        customer_name=row["customer_name"],
        customer_phone=row["customer_phone"],
        language=row["customer_language"],
        items=msgspec.json.decode(row["items"] or "[]", type=tuple[Item, ...]),
        total=row["total"],
        currency=row["currency"],
        amount_paid=row["amount_paid"],
        payment_method=row["payment_method"],
        invoice_number=row["invoice_number"],
        invoice_url=row["invoice_url"],
        invoice_date=row["invoice_date"],
        due_date=row["due_date"],
        payment_url=row["payment_url"],
        paid_since=row["paid_since"],
    )
