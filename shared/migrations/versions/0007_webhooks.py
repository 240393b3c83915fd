"""Webhooks: where an account wants its events sent, what is still to be sent, and every attempt."""

from shared.migrations.script import execute

revision = "0007"
down_revision = "0006"

WEBHOOKS = """
CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    livemode boolean NOT NULL,
    url text NOT NULL,
    -- types of events, or '*' alone for all
    events text[] NOT NULL,
    description text,
    secret sealed NOT NULL,
    -- the secret that the last rotation replaced: until then, it signs too
    old_secret sealed,
    old_secret_until timestamptz,
    enabled boolean NOT NULL DEFAULT true,
    disabled_reason text CHECK (disabled_reason IN ('requested', 'gone', 'failing', 'operator')),
    disabled_at timestamptz,
    -- while nothing succeeds: since when, and when it last failed; five days of it disable the webhook
    failing_since timestamptz,
    last_failure_at timestamptz,
    -- it asked to be left alone until then (429, 502, 504, Retry-After)
    paused_until timestamptz,
    -- slow or failing ones share half of a notifier, so that they never hold up the others
    is_slow boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (enabled = (disabled_reason IS NULL) AND enabled = (disabled_at IS NULL))
);
CREATE INDEX webhooks_account ON webhooks (account_id, livemode, created_at, id);

-- One event for one webhook. The event itself stays in the outbox, which is found by its id and time. No foreign key: a
-- webhook is deleted at once, however much is still to be sent, and the sweep takes that away.
CREATE TABLE webhook_deliveries (
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_created_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    attempts smallint NOT NULL DEFAULT 0,
    -- while a notifier holds it, the moment at which another may take it
    due_at timestamptz NOT NULL DEFAULT now(),
    -- the attempt that is under way, or was when its notifier died
    claim uuid,
    claimed_at timestamptz,
    PRIMARY KEY (webhook_id, event_id)
) WITH (fillfactor = 80);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE state = 'pending';
-- What the retention sweeps.
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (event_created_at);

CREATE TABLE webhook_attempts (
    -- UUIDv7: in the order of time, by which they are listed and swept
    id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL,
    account_id uuid NOT NULL,
    livemode boolean NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    order_id uuid,
    number smallint NOT NULL,
    started_at timestamptz NOT NULL,
    milliseconds integer,
    outcome text NOT NULL CHECK (outcome IN ('delivered', 'retry', 'failed', 'abandoned')),
    status smallint,
    reason text,
    response text,
    next_try_at timestamptz
);
CREATE INDEX webhook_attempts_webhook ON webhook_attempts (webhook_id, id);
-- An answer may quote the person that the event was about, who may be erased.
CREATE INDEX webhook_attempts_order ON webhook_attempts (order_id) WHERE response IS NOT NULL;

-- For replays of a time range, and for what one account's events are.
CREATE INDEX outbox_account ON outbox (account_id, created_at);

-- Published events keep who an order's client was until they leave with the outbox's retention; sent again to a
-- webhook, those from before the erasure leave that out.
CREATE TABLE erased_orders (
    order_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
CREATE INDEX erased_orders_age ON erased_orders (erased_at);
"""

ISOLATION = """
GRANT SELECT (id, account_id, livemode, url, events, description, enabled, disabled_reason, disabled_at, failing_since,
    last_failure_at, paused_until, created_at, updated_at) ON webhooks TO bugalou_console;
GRANT SELECT ON webhook_attempts TO bugalou_console;
""" + "".join(
    f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON {table} TO bugalou_console USING (
    account_id = (SELECT nullif(current_setting('bugalou.account', true), '')::uuid)
    AND livemode = (SELECT nullif(current_setting('bugalou.livemode', true), '')::boolean)
);
"""
    for table in ("webhooks", "webhook_attempts")
)


def upgrade() -> None:
    """Make all of it."""
    execute(WEBHOOKS)
    execute(ISOLATION)
