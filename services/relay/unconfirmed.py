"""The table `unconfirmed_events`: what some queue did not confirm, and when it is published again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from msgspec import Struct

from services.relay.watch import Unsent
from shared.database import Database

# The body as it is now: a person may have been erased from it since.
_CLAIM: Final = """
SELECT o.id, o.created_at, o.type, o.account_id, o.body
FROM unconfirmed_events AS u JOIN outbox AS o ON o.created_at = u.event_created_at AND o.id = u.event_id
WHERE u.due_at <= now() ORDER BY u.due_at LIMIT $1 FOR UPDATE OF u SKIP LOCKED
"""
_NEXT: Final = "SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 FROM unconfirmed_events"
_CONFIRMED: Final = """
DELETE FROM unconfirmed_events AS u USING unnest($1::uuid[]) AS confirmed(id) WHERE u.event_id = confirmed.id
"""
# 2, 4, 8 ... 60 seconds, spread: all that hear of an event hear of it again with each try.
_LATER: Final = """
UPDATE unconfirmed_events SET tries = least(tries + 1, 1000),
    due_at = clock_timestamp() + make_interval(secs => least(2 ^ least(tries, 6), 60) * (1 + random() / 4))
WHERE event_id = ANY($1::uuid[])
"""


class Again(Struct, frozen=True):
    """Events that are due to be published again; what came of it is to be put into the two lists."""

    events: list[Unsent]
    confirmed: list[UUID]
    not_taken: list[UUID]


class Unconfirmed:
    """Claims what is due, by row locks, and keeps what came of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def claim(self, most: int) -> AsyncIterator[Again]:
        """Give up to `most` events that are due; what came of them is kept when the block ends."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_CLAIM, most)
            again = Again([Unsent(row["id"], row["type"], row["account_id"], row["body"]) for row in rows], [], [])
            yield again
            if again.confirmed:
                await connection.execute(_CONFIRMED, again.confirmed)
            if again.not_taken:
                await connection.execute(_LATER, again.not_taken)

    async def next_seconds(self) -> float | None:
        """Return in how many seconds the next is due, or None where there is none."""
        async with self._database.transaction(readonly=True) as connection:
            seconds: float | None = await connection.fetchval(_NEXT)
        return seconds
