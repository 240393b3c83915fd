"""Notifications remember the trace that they belong to, from their event to each attempt."""

from shared.migrations.script import execute

revision = "0006"
down_revision = "0005"

TRACE = "ALTER TABLE notifications ADD COLUMN trace text;"


def upgrade() -> None:
    """Add the column; without a default, so that nothing is rewritten."""
    execute(TRACE)
