"""Statuses of messages that nobody knows yet are looked at again later, and hold up no others."""

from shared.migrations.script import execute

revision = "0009"
down_revision = "0008"

DUE = """
ALTER TABLE whatsapp_statuses ADD COLUMN due_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX whatsapp_statuses_due ON whatsapp_statuses (due_at);
DROP INDEX whatsapp_statuses_received;
"""


def upgrade() -> None:
    """Add when to look."""
    execute(DUE)
