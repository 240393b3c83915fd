"""Each service reads what its work needs, and no more: one that was taken over gives away nothing else."""

from typing import Final

from shared.migrations.script import execute

revision = "0015"
down_revision = "0014"

# Until now all of them could read every table. The console's writer still can: between them its routes read all.
READ: Final[dict[str, tuple[str, ...]]] = {
    "bugalou_gateway": ("api_keys", "access_revision", "settings"),
    "bugalou_worker": ("orders", "submissions", "idempotency_keys", "outbox", "failures", "suspects"),
    "bugalou_relay": (
        *("orders", "submissions", "settings", "notifications", "reminders", "outbox", "outbox_default"),
        *("unconfirmed_events", "idempotency_keys", "webhook_deliveries"),
    ),
    "bugalou_notifier": (
        *("accounts", "settings", "orders", "submissions", "outbox", "failures", "notifications", "attempts"),
        *("reminders", "suppressions", "paused_orders", "paused_customers", "whatsapp_accounts", "whatsapp_statuses"),
        *("webhooks", "webhook_deliveries", "webhook_attempts", "erased_orders"),
    ),
}
# Whom an event goes to, and neither where that is nor what signs it.
COLUMNS: Final = {"bugalou_relay": "webhooks (id, account_id, livemode, enabled, events)"}

_NARROW: Final = """
REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM {role};
GRANT SELECT ON alembic_version, {tables} TO {role};
"""


def upgrade() -> None:
    """Take the right to read everything, and give the one to read these."""
    for role, tables in READ.items():
        execute(_NARROW.format(role=role, tables=", ".join(tables)))
    for role, of in COLUMNS.items():
        table, columns = of.split(" ", 1)
        execute(f"GRANT SELECT {columns} ON {table} TO {role}")
