"""A due notification with its order and its account: how it is found, read in one query, and made into Structs."""

from typing import Final

import msgspec

from services.notifier.due import Due
from services.notifier.notification import Notification
from shared.account_settings import read_account_settings
from shared.clients import ADDRESS, CLIENT
from shared.database import Row
from shared.messages.account import Account, TemplateSetup
from shared.messages.order import Item, Order
from shared.orders.moments import to_datetime
from shared.versions import moment_of

OPEN: Final = "('planned', 'held', 'waiting', 'sending')"
"""The states of what may still leave."""

# What somebody wrote into the database by hand must not stop the neighbours.
SETTLE_SECONDS: Final = """
    CASE jsonb_typeof(s.document->'settleSeconds')
        WHEN 'number' THEN least(greatest((s.document->>'settleSeconds')::numeric, 0), 3600) END::float8
"""

ORDER_COLUMNS: Final = """
    o.platform, o.order_number, o.order_status, o.payment_status, o.customer_email, o.customer_name,
    o.customer_phone, o.customer_language, o.items, o.total, o.currency, o.amount_paid, o.payment_method,
    o.invoice_number, o.invoice_url, o.invoice_date, o.due_date, o.payment_url, o.paid_since, o.updated_at
"""
"""What to select of an order, beside `order_id`, `account_id` and `livemode`."""

# A statement of its own, so that it sees every order as committed after the rows were locked.
READ_DUE: Final = f"""
SELECT n.id, n.account_id, n.livemode, n.order_id, n.kind, n.event_type, n.run_id, n.step, n.channel, n.state,
       n.attempts, n.due_at, n.created_at, n.message_id, now() AS now, began.version AS run_version,
       {ORDER_COLUMNS},
       a.name AS account_name, s.document::text AS document, {SETTLE_SECONDS} AS settle_seconds, {CLIENT} AS client,
       w.account_id IS NOT NULL AS has_whatsapp, w.link_base, w.template_names::text AS template_names,
       EXISTS (
           SELECT FROM suppressions WHERE account_id = n.account_id AND livemode = n.livemode AND address = {ADDRESS}
       ) AS is_suppressed,
       n.kind = 'reminder' AND (
           EXISTS (SELECT FROM paused_orders WHERE order_id = n.order_id)
           OR EXISTS (
               SELECT FROM paused_customers
               WHERE account_id = n.account_id AND livemode = n.livemode AND email = lower(o.customer_email)
           )
       ) AS is_paused,
       CASE WHEN n.kind = 'reminder' THEN (
           SELECT count(*) FROM notifications other
           WHERE other.order_id = n.order_id AND other.kind = 'reminder'
             AND other.id <> n.id AND other.state IN ('sent', 'delivered', 'simulated')
             AND other.sent_at > coalesce(o.paid_since, '-infinity')
       ) ELSE 0 END AS before,
       EXISTS (
           SELECT FROM notifications other LEFT JOIN submissions other_began ON other_began.id = other.run_id
           WHERE other.order_id = n.order_id AND other.kind = n.kind
             AND other.state NOT IN ('cancelled', 'failed') AND other.id <> n.id
             AND CASE n.kind
                 WHEN 'reminder' THEN
                     (other.created_at, other.step, other.id) > (n.created_at, n.step, n.id) AND other.due_at <= now()
                 ELSE other.run_id <> n.run_id AND
                     (coalesce(other_began.version, 0), other.run_id) > (coalesce(began.version, 0), n.run_id)
             END
       ) AS newer
FROM notifications n
LEFT JOIN orders o ON o.id = n.order_id
LEFT JOIN submissions began ON began.id = n.run_id
LEFT JOIN accounts a ON a.id = n.account_id
LEFT JOIN settings s ON s.account_id = n.account_id
LEFT JOIN whatsapp_accounts w ON w.account_id = n.account_id
WHERE n.id = ANY ($1)
ORDER BY n.due_at, n.created_at, n.id
"""


def read_due(row: Row, settle_seconds: float = 0.0) -> Due:
    """Return what one row of `READ_DUE` holds; `settle_seconds` is for accounts that have not set their own."""
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
            created_at=row["created_at"],
            due_at=row["due_at"],
            run_began=None if row["run_version"] is None else to_datetime(moment_of(row["run_version"])),
            newer=row["newer"],
            before=row["before"],
            message_id=row["message_id"],
        ),
        order=None if row["platform"] is None else read_order(row),
        account=Account(row["account_name"], read_account_settings(row["document"]), _templates(row)),
        now=row["now"],
        settle_seconds=settle_seconds if row["settle_seconds"] is None else row["settle_seconds"],
        client=row["client"],
        is_suppressed=row["is_suppressed"],
        is_paused=row["is_paused"],
    )


def _templates(row: Row) -> TemplateSetup | None:
    if not row["has_whatsapp"]:
        return None
    return TemplateSetup(row["link_base"], msgspec.json.decode(row["template_names"], type=dict[str, str]))


def read_order(row: Row) -> Order:
    """Return the order in a row that has `ORDER_COLUMNS`."""
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
        updated_at=row["updated_at"],
    )
