"""Who is signed in to the dashboard, and the links that sign in once."""

from shared.migrations.script import execute

revision = "0003"
down_revision = "0002"

# Not readable by the console's role: that is for what tenants see.
SESSIONS = """
CREATE TABLE dashboard_sessions (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    -- null: opened by a link
    api_key_id uuid REFERENCES api_keys ON DELETE CASCADE,
    grants_live boolean NOT NULL,
    shows_live boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX dashboard_sessions_account ON dashboard_sessions (account_id, seen_at);
CREATE INDEX dashboard_sessions_expiry ON dashboard_sessions (expires_at);
CREATE INDEX dashboard_sessions_idle ON dashboard_sessions (seen_at);

CREATE TABLE sign_in_links (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    livemode boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_in_links_account ON sign_in_links (account_id);
"""


def upgrade() -> None:
    """Make both tables."""
    execute(SESSIONS)
