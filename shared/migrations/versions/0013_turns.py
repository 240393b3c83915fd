"""An index by account of what is still to be sent, so that accounts take turns."""

from shared.migrations.script import execute

revision = "0013"
down_revision = "0012"

# With 100,000 reminders of one account due at nine, whoever took the oldest first came to everybody else's after them.
TURNS = """
CREATE INDEX notifications_turns ON notifications (channel, kind, account_id, due_at)
    WHERE state IN ('planned', 'held', 'waiting', 'sending');
"""


def upgrade() -> None:
    """Make the index."""
    execute(TURNS)
