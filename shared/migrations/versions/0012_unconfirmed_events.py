"""Events that some queue did not confirm: published again until it does, apart from all that follows them."""

from typing import Final

from shared.migrations.script import execute

revision = "0012"
down_revision = "0011"

RIGHTS: Final[dict[str, dict[str, str]]] = {
    "bugalou_relay": {"unconfirmed_events": "SELECT, INSERT, UPDATE, DELETE"},
}

# The event itself stays in the outbox, where it counts as sent.
UNCONFIRMED: Final = """
CREATE TABLE unconfirmed_events (
    event_id uuid NOT NULL,
    event_created_at timestamptz NOT NULL,
    tries smallint NOT NULL DEFAULT 1,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (event_created_at, event_id)
);
CREATE INDEX unconfirmed_events_due ON unconfirmed_events (due_at);
"""

# As before, and a day stays as long as any of its events is unconfirmed.
PARTITIONS: Final = """
CREATE OR REPLACE FUNCTION outbox_drop_partitions(keep_days integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE found record; is_sent boolean; day timestamptz;
BEGIN
    FOR found IN SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'outbox'::regclass AND c.relname ~ '^outbox_[0-9]{8}$'
            AND to_date(right(c.relname, 8), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - keep_days
    LOOP
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I WHERE sent_at IS NULL)', found.relname) INTO is_sent;
        day := to_date(right(found.relname, 8), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC';
        IF is_sent AND NOT EXISTS (SELECT FROM unconfirmed_events
            WHERE event_created_at >= day AND event_created_at < day + interval '24 hours')
        THEN
            EXECUTE format('DROP TABLE %I', found.relname);
        END IF;
    END LOOP;
END $$;
"""


def upgrade() -> None:
    """Make the table, and let the outbox keep what it names."""
    execute(UNCONFIRMED)
    for role, tables in RIGHTS.items():
        for table, rights in tables.items():
            execute(f"GRANT {rights} ON {table} TO {role}")
    execute(PARTITIONS)
