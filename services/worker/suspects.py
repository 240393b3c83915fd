"""The table `suspects`: what is about to be tried alone, noted first, so that a death in the middle leaves a trace."""

from typing import Final
from uuid import UUID

from shared.database import Database

MOST_DEATHS: Final = 3
"""So many deaths of one that was tried alone are no coincidence."""

_NOTE: Final = """
INSERT INTO suspects AS s (id, tries) VALUES ($1, 1)
ON CONFLICT (id) DO UPDATE SET tries = s.tries + 1, noted_at = now()
RETURNING tries
"""
_CLEAR: Final = "DELETE FROM suspects WHERE id = $1 OR noted_at < now() - interval '30 days'"


class Suspects:
    """Counts the tries that had no end, whichever worker died of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, suspect: UUID) -> int:
        """Note a try, durably; return how many before it had no end."""
        async with self._database.transaction() as connection:
            return int(await connection.fetchval(_NOTE, suspect)) - 1

    async def clear(self, suspect: UUID) -> None:
        """Note that a try had an end, whichever."""
        async with self._database.transaction() as connection:
            await connection.execute(_CLEAR, suspect)
