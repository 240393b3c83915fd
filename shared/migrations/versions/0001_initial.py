"""The first schema: accounts and keys, orders and their history, the outbox, failures, notifications."""

from shared.migrations.script import execute

revision = "0001"
down_revision = None

ACCOUNTS = """
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE settings (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    document jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    livemode boolean NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    hint text NOT NULL,
    scopes text[] NOT NULL,
    platforms text[],
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_keys_account ON api_keys (account_id);

-- One number that changes, in the same transaction, with any key and any account's settings: what the HTTP services
-- look at each second.
CREATE TABLE access_revision (
    revision bigint NOT NULL,
    single boolean PRIMARY KEY DEFAULT true CHECK (single)
);
INSERT INTO access_revision VALUES (1);
CREATE FUNCTION access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE access_revision SET revision = revision + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION access_changed();
CREATE TRIGGER access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON settings
    FOR EACH STATEMENT EXECUTE FUNCTION access_changed();
"""

ORDERS = """
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    platform text NOT NULL,
    order_number text NOT NULL,
    order_status text NOT NULL,
    payment_status text,
    customer_email text,
    customer_name text,
    customer_phone text,
    customer_language text,
    items jsonb,
    total numeric,
    currency text,
    amount_paid numeric,
    payment_method text,
    invoice_number text,
    invoice_url text,
    invoice_date date,
    due_date date,
    payment_url text,
    metadata jsonb,
    -- of the newest submission that counts; the API's `version`
    version bigint NOT NULL,
    -- of the newest submission stored at all: above it, the fast road is safe
    newest bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    paid_since timestamptz,
    overdue_since timestamptz,
    amount_paid_peak numeric NOT NULL DEFAULT 0,
    -- What a search looks through, folded once when written: folding 100,000 orders for each search takes 90 ms. No
    -- field holds a line feed, so no search matches across two. (An operator who has pg_trgm may add a GIN index.)
    search text NOT NULL GENERATED ALWAYS AS (lower(order_number || E'\\n' || coalesce(invoice_number, '') || E'\\n'
        || coalesce(customer_name, '') || E'\\n' || coalesce(customer_email, ''))) STORED
) WITH (fillfactor = 85);
-- The first serves the list as asked for by default, and `updatedSince`. Since `updated_at` is in it, no update of an
-- order is ever HOT, and each further index costs every update some 3 us more: due dates (what is open, what falls
-- due) and age are worth that. For other sort orders and filters the rows of one account are read: 100,000 in 100 ms.
CREATE INDEX orders_updated ON orders (account_id, livemode, updated_at, id);
CREATE INDEX orders_due ON orders (account_id, livemode, due_date, id);
CREATE INDEX orders_created ON orders (account_id, livemode, created_at, id);

CREATE TABLE submissions (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    -- with the two above, the order's identity: the history alone is enough to rebuild every order
    platform text NOT NULL,
    order_number text NOT NULL,
    version bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('applied', 'stale', 'duplicate', 'rejected')),
    duplicate_of uuid,
    reason text,
    sets jsonb NOT NULL,
    clears text[] NOT NULL,
    occurred_at timestamptz,
    fingerprint bytea NOT NULL,
    keyed boolean NOT NULL,
    marks smallint NOT NULL DEFAULT 0,
    api_key_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    settled_at timestamptz NOT NULL
) WITH (fillfactor = 95);
-- The history of an order, and, on the fast road, whether a content was sent just before.
CREATE INDEX submissions_order ON submissions (order_id, fingerprint, version);
-- Few. What was rejected may belong to no order at all, and must be found when a person is erased.
CREATE INDEX submissions_rejected ON submissions (account_id, livemode) WHERE state = 'rejected';

-- Small and swept, unlike the submissions, which stay: an Idempotency-Key is kept for 8 days.
CREATE TABLE idempotency_keys (
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    digest bytea NOT NULL,
    submission_id uuid NOT NULL,
    order_id uuid NOT NULL,
    version bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, livemode, digest)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
"""

OUTBOX = """
CREATE TABLE outbox (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    type text NOT NULL,
    order_id uuid,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX outbox_unsent ON outbox (created_at) WHERE sent_at IS NULL;
-- Takes what no day's partition does, so that a relay that is away never stops the workers.
CREATE TABLE outbox_default PARTITION OF outbox DEFAULT;

CREATE TABLE failures (
    id uuid PRIMARY KEY,
    account_id uuid,
    livemode boolean,
    place text NOT NULL,
    cause text NOT NULL,
    reason text NOT NULL,
    body bytea NOT NULL,
    submission_id uuid,
    order_id uuid,
    trace text,
    created_at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz
);
CREATE INDEX failures_open ON failures (created_at) WHERE replayed_at IS NULL;
"""

NOTIFICATIONS = """
CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    order_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('confirmation', 'reminder')),
    -- the event that planned it: payment.paid, payment.partial, payment.overdue, reminder.due
    event_type text NOT NULL,
    -- the submission that began the run which this message is about
    run_id uuid NOT NULL,
    step smallint NOT NULL DEFAULT 1,
    channel text NOT NULL,
    state text NOT NULL CHECK (state IN (
        'planned', 'held', 'waiting', 'sending', 'sent', 'delivered', 'failed', 'cancelled', 'simulated')),
    reason text,
    recipient text,
    language text,
    subject text,
    text_body text,
    html_body text,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    -- while a notifier holds it; past this moment, another may take it
    claimed_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    UNIQUE (order_id, kind, run_id, step, channel)
) WITH (fillfactor = 80);
CREATE INDEX notifications_due ON notifications (channel, due_at)
    WHERE state IN ('planned', 'held', 'waiting', 'sending');
CREATE INDEX notifications_account ON notifications (account_id, livemode, created_at DESC);

CREATE TABLE attempts (
    id uuid PRIMARY KEY,
    notification_id uuid NOT NULL REFERENCES notifications ON DELETE CASCADE,
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    outcome text CHECK (outcome IN ('sent', 'retry', 'failed')),
    response text
);
CREATE INDEX attempts_notification ON attempts (notification_id, started_at);
"""

# Roles belong to the whole server: another database's migration may make the same one at the same moment. Where who
# migrates may make none (managed servers), an administrator has made it, and the owner a member of it.
CONSOLE_ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bugalou_console') THEN
        CREATE ROLE bugalou_console NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    IF NOT pg_has_role(current_user, 'bugalou_console', 'MEMBER') THEN
        EXECUTE format('GRANT bugalou_console TO %I', current_user);
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO bugalou_console;
GRANT SELECT ON orders, submissions, notifications, attempts, failures, settings, accounts TO bugalou_console;
GRANT SELECT (id, account_id, livemode, name, hint, scopes, platforms, created_at, expires_at, revoked_at) ON api_keys
    TO bugalou_console;
"""


# A key may be for some platforms only; the list begins with a separator, so that an empty one allows none.
_PLATFORMS = """
    AND ((SELECT coalesce(current_setting('bugalou.platforms', true), '') = '')
        OR platform = ANY ((SELECT string_to_array(current_setting('bugalou.platforms', true), chr(31)))::text[]))
"""


def _isolate(table: str, further: str = "") -> str:
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON {table} TO bugalou_console USING (
    account_id = (SELECT nullif(current_setting('bugalou.account', true), '')::uuid)
    AND livemode = (SELECT nullif(current_setting('bugalou.livemode', true), '')::boolean)
    {further}
);
"""


ISOLATION = (
    "".join(_isolate(table, _PLATFORMS) for table in ("orders", "submissions"))
    + "".join(map(_isolate, ("notifications", "attempts", "failures")))
    + """
ALTER TABLE settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON settings TO bugalou_console
    USING (account_id = (SELECT nullif(current_setting('bugalou.account', true), '')::uuid));
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON api_keys TO bugalou_console
    USING (account_id = (SELECT nullif(current_setting('bugalou.account', true), '')::uuid));
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON accounts TO bugalou_console
    USING (id = (SELECT nullif(current_setting('bugalou.account', true), '')::uuid));
"""
)


def upgrade() -> None:
    """Make all of it."""
    for part in (ACCOUNTS, ORDERS, OUTBOX, NOTIFICATIONS, CONSOLE_ROLE, ISOLATION):
        execute(part)
