"""Reminders: which orders are to be looked at when, one message a client a day, pauses and suppressions."""

from shared.migrations.script import execute

revision = "0008"
down_revision = "0007"

REMINDERS = """
-- One row for each order that may have a step of the ladder to come; `check_at` is when to look.
CREATE TABLE reminders (
    order_id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    check_at timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX reminders_due ON reminders (check_at);

-- Other settings may make other steps due: all open orders of the account are looked at again.
CREATE FUNCTION reminders_follow_settings() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO reminders (order_id, account_id, livemode, check_at)
    SELECT id, account_id, livemode, now() FROM orders
    WHERE account_id = NEW.account_id AND order_status <> 'cancelled'
        AND (payment_status = 'overdue' OR (payment_status = 'pending' AND due_date IS NOT NULL))
    ORDER BY id
    ON CONFLICT (order_id) DO UPDATE SET check_at = excluded.check_at;
    PERFORM pg_notify('reminders', '');
    RETURN NULL;
END $$;
CREATE TRIGGER reminders_follow_new AFTER INSERT ON settings
    FOR EACH ROW EXECUTE FUNCTION reminders_follow_settings();
CREATE TRIGGER reminders_follow_changed AFTER UPDATE OF document ON settings
    FOR EACH ROW WHEN (
        (OLD.document->'ladder', OLD.document->'timezone', OLD.document->'quietHours', OLD.document->'quietSundays',
            OLD.document->'quietHolidays')
        IS DISTINCT FROM
        (NEW.document->'ladder', NEW.document->'timezone', NEW.document->'quietHours', NEW.document->'quietSundays',
            NEW.document->'quietHolidays'))
    EXECUTE FUNCTION reminders_follow_settings();
"""

NOTIFICATIONS = """
-- Whom it is for, as a digest of account, world, channel and address: who is reminded once a day.
ALTER TABLE notifications ADD COLUMN client uuid;
-- The day, where the account is, that a reminder took up; set when it is first handed over.
ALTER TABLE notifications ADD COLUMN day date;
-- The id under which it leaves, which several reminders of one client share; absent until it is handed over.
ALTER TABLE notifications ADD COLUMN message_id uuid;
CREATE INDEX notifications_client ON notifications (client) WHERE client IS NOT NULL;
CREATE INDEX notifications_message ON notifications (message_id) WHERE message_id IS NOT NULL;
"""

PAUSES = """
-- Addresses (e-mail in lower case, telephone E.164) that nothing is sent to.
CREATE TABLE suppressions (
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    address text NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, livemode, address)
);
CREATE TABLE paused_orders (
    order_id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- E-mail addresses in lower case.
CREATE TABLE paused_customers (
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    email text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, livemode, email)
);
"""


def _isolate(table: str) -> str:
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON {table} TO bugalou_console USING (
    account_id = (SELECT nullif(current_setting('bugalou.account', true), '')::uuid)
    AND livemode = (SELECT nullif(current_setting('bugalou.livemode', true), '')::boolean)
);
GRANT SELECT ON {table} TO bugalou_console;
"""


def upgrade() -> None:
    """Add all of it."""
    for part in (REMINDERS, NOTIFICATIONS, PAUSES):
        execute(part)
    for table in ("reminders", "suppressions", "paused_orders", "paused_customers"):
        execute(_isolate(table))
