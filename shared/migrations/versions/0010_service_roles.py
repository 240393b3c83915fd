"""A role for each service, with the rights that its tables need: for logins that are members of one and no more."""

from typing import Final

from shared.migrations.script import execute

revision = "0010"
down_revision = "0009"

CHANGE: Final = "SELECT, INSERT, UPDATE, DELETE"

# What each service may do beside reading; whoever owns a table may change all of it. Tests hold the code to this, and
# to it that later migrations give the rights to their tables (no default privileges: they name the owner, and a dump of
# them cannot be restored under another).
RIGHTS: Final[dict[str, dict[str, str]]] = {
    "bugalou_gateway": {},
    "bugalou_worker": {
        **dict.fromkeys(("submissions", "orders", "idempotency_keys", "failures", "suspects"), CHANGE),
        "outbox": "INSERT",
    },
    "bugalou_relay": {
        "reminders": CHANGE,
        "outbox": "INSERT, UPDATE, DELETE",
        "outbox_default": "SELECT, DELETE",
        "idempotency_keys": "DELETE",
        "webhook_deliveries": "INSERT",
    },
    "bugalou_notifier": {
        **dict.fromkeys(("notifications", "attempts", "webhook_deliveries", "webhook_attempts"), CHANGE),
        "whatsapp_statuses": CHANGE,
        "outbox": "INSERT",
        "failures": "INSERT",
        "suppressions": "INSERT",
        # How it fares; neither where it leads nor its secret, but for taking away the one that has expired.
        "webhooks": "UPDATE (enabled, disabled_reason, disabled_at, failing_since, last_failure_at, paused_until,"
        " is_slow, old_secret, old_secret_until, updated_at)",
        "erased_orders": "DELETE",
    },
    "bugalou_console_writer": {
        **dict.fromkeys(("accounts", "settings", "api_keys", "webhooks", "whatsapp_accounts", "suppressions"), CHANGE),
        **dict.fromkeys(("paused_orders", "paused_customers", "erased_orders"), CHANGE),
        **dict.fromkeys(("dashboard_sessions", "sign_in_links"), CHANGE),
        "access_revision": "UPDATE",
        "failures": "UPDATE",
        "notifications": "INSERT, UPDATE",
        "webhook_deliveries": "INSERT, UPDATE",
        "whatsapp_statuses": "INSERT",
        # Erasing a person.
        "orders": "UPDATE (customer_email, customer_name, customer_phone)",
        "submissions": "UPDATE (sets, clears)",
        "outbox": "INSERT, UPDATE (body)",
        "attempts": "UPDATE",
        "webhook_attempts": "UPDATE",
    },
}

# Where who migrates may make no roles (managed servers), an administrator has made them.
_ROLE: Final = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
"""

# Row-level security is for the console's readers, who are one tenant at a time; services serve all.
_POLICIES: Final = """
DO $$ DECLARE found record; BEGIN
    FOR found IN SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relrowsecurity
    LOOP
        EXECUTE format('CREATE POLICY service ON %I TO {roles} USING (true) WITH CHECK (true)', found.relname);
    END LOOP;
END $$;
"""

# Only an owner may make and drop partitions: the relay asks for it.
PARTITIONS: Final = """
CREATE FUNCTION outbox_add_partitions() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE day date;
BEGIN
    FOR ahead IN 1..3 LOOP
        day := (now() AT TIME ZONE 'UTC')::date + ahead;
        BEGIN
            EXECUTE format('CREATE TABLE IF NOT EXISTS outbox_%s PARTITION OF outbox FOR VALUES FROM (%L) TO (%L)',
                to_char(day, 'YYYYMMDD'), day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXCEPTION WHEN duplicate_table OR unique_violation OR check_violation THEN NULL;
        END;
    END LOOP;
END $$;
CREATE FUNCTION outbox_drop_partitions(keep_days integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE found record; is_sent boolean;
BEGIN
    FOR found IN SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'outbox'::regclass AND c.relname ~ '^outbox_[0-9]{8}$'
            AND to_date(right(c.relname, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - keep_days
    LOOP
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I WHERE sent_at IS NULL)', found.relname) INTO is_sent;
        IF is_sent THEN
            EXECUTE format('DROP TABLE %I', found.relname);
        END IF;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION outbox_add_partitions(), outbox_drop_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox_add_partitions(), outbox_drop_partitions(integer) TO bugalou_relay;
"""


def upgrade() -> None:
    """Make the roles and give them their rights."""
    roles = ", ".join(RIGHTS)
    for role, tables in RIGHTS.items():
        execute(_ROLE.format(role=role))
        for table, rights in tables.items():
            execute(f"GRANT {rights} ON {table} TO {role}")
    execute(_POLICIES.replace("{roles}", roles))
    execute(PARTITIONS)
