"""WhatsApp: each account's access to it, and the statuses that come back."""

from shared.migrations.script import execute

revision = "0004"
down_revision = "0003"

ACCOUNTS = """
CREATE TABLE whatsapp_accounts (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    phone_number_id text NOT NULL,
    api_version text NOT NULL,
    token sealed NOT NULL,
    -- without it no status is believed, without the other no address is verified
    app_secret sealed,
    verify_token sealed,
    -- what the button of the templates begins with, and the templates that have another name at Meta
    link_base text,
    template_names jsonb NOT NULL DEFAULT '{}',
    has_app_secret boolean NOT NULL GENERATED ALWAYS AS (app_secret IS NOT NULL) STORED,
    has_verify_token boolean NOT NULL GENERATED ALWAYS AS (verify_token IS NOT NULL) STORED,
    updated_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT (account_id, phone_number_id, api_version, link_base, template_names, has_app_secret, has_verify_token,
    updated_at) ON whatsapp_accounts TO bugalou_console;
ALTER TABLE whatsapp_accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON whatsapp_accounts TO bugalou_console
    USING (account_id = (SELECT nullif(current_setting('bugalou.account', true), '')::uuid));
"""

STATUSES = """
-- What the status webhook took and the notifier has not applied yet. A status that comes again is the same row.
CREATE TABLE whatsapp_statuses (
    account_id uuid NOT NULL,
    reference text NOT NULL,
    status text NOT NULL CHECK (status IN ('sent', 'delivered', 'failed')),
    -- as the message itself named it, where it did
    notification_id uuid,
    code integer,
    title text,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, reference, status)
);
CREATE INDEX whatsapp_statuses_received ON whatsapp_statuses (received_at);

-- By which name the other side tells of the message: WhatsApp's id of it.
ALTER TABLE notifications ADD COLUMN reference text;
CREATE INDEX notifications_reference ON notifications (account_id, reference) WHERE reference IS NOT NULL;
"""


def upgrade() -> None:
    """Make both tables, and the column by which a status finds its notification."""
    execute(ACCOUNTS)
    execute(STATUSES)
