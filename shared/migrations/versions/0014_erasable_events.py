"""Every service may read what is to be published again: whoever erases a person has to."""

from typing import Final

from shared.migrations.script import execute

revision = "0014"
down_revision = "0013"

_OTHERS: Final = ("bugalou_gateway", "bugalou_worker", "bugalou_notifier", "bugalou_console_writer")
RIGHTS: Final[dict[str, dict[str, str]]] = {role: {"unconfirmed_events": "SELECT"} for role in _OTHERS}


def upgrade() -> None:
    """Give the right."""
    for role, tables in RIGHTS.items():
        for table, rights in tables.items():
            execute(f"GRANT {rights} ON {table} TO {role}")
