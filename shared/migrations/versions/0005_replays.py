"""Failures can be mended and replayed; and what may be what kills its workers is noted before it is tried."""

from shared.migrations.script import execute

revision = "0005"
down_revision = "0004"

FAILURES = """
ALTER TABLE failures
    ADD COLUMN platform text,
    ADD COLUMN order_number text,
    -- the message as somebody has mended it; `body` stays what failed
    ADD COLUMN mended bytea,
    -- whoever asks for a replay sets these three, and a worker settles it
    ADD COLUMN replay_requested_at timestamptz,
    ADD COLUMN notify boolean NOT NULL DEFAULT false,
    ADD COLUMN replayed_by text,
    -- while a worker holds it; past this moment, another may take it
    ADD COLUMN replay_claimed_until timestamptz,
    ADD COLUMN replays integer NOT NULL DEFAULT 0,
    ADD COLUMN outcome text,
    ADD COLUMN discarded_at timestamptz;
CREATE INDEX failures_account ON failures (account_id, livemode, created_at, id);
CREATE INDEX failures_asked ON failures (replay_requested_at)
    WHERE replay_requested_at IS NOT NULL AND replayed_at IS NULL AND discarded_at IS NULL;

-- A key that is for some platforms sees the failures of their orders alone.
DROP POLICY tenant ON failures;
CREATE POLICY tenant ON failures TO bugalou_console USING (
    account_id = (SELECT nullif(current_setting('bugalou.account', true), '')::uuid)
    AND livemode = (SELECT nullif(current_setting('bugalou.livemode', true), '')::boolean)
    AND ((SELECT coalesce(current_setting('bugalou.platforms', true), '') = '')
        OR platform = ANY ((SELECT string_to_array(current_setting('bugalou.platforms', true), chr(31)))::text[]))
);
"""

SUSPECTS = """
CREATE TABLE suspects (
    -- of a submission, or derived from a whole message
    id uuid PRIMARY KEY,
    tries integer NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    """Add the columns and the table."""
    for part in (FAILURES, SUSPECTS):
        execute(part)
