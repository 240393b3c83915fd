"""The type of secrets at rest: a Fernet token (shared/secrets.py), so that no plain text is stored by mistake."""

from shared.migrations.script import execute

revision = "0002"
down_revision = "0001"

# Every token begins with the version's byte 0x80 and the five or so high bytes of a 64-bit time, in base64.
SEALED = "CREATE DOMAIN sealed AS text CHECK (VALUE ~ '^gAAAAA[A-Za-z0-9_-]+=*$')"


def upgrade() -> None:
    """Make the type."""
    execute(SEALED)
