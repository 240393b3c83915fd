"""The table `failures`: what no retry will mend, set aside whole, so that it can be seen, mended and replayed."""

from typing import Final

from uuid_utils.compat import uuid7

from shared.contracts import Submission
from shared.database import Database

_ADD: Final = """
INSERT INTO failures (id, account_id, livemode, place, cause, reason, body, submission_id, order_id, trace)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


class Failures:
    """Sets aside messages and submissions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, *, cause: str, reason: str, body: bytes, submission: Submission | None = None) -> None:
        """Record one failure; the caller may acknowledge its message afterwards."""
        async with self._database.transaction() as connection:
            await connection.execute(
                _ADD,
                uuid7(),
                submission.account if submission else None,
                submission.live if submission else None,
                "worker",
                cause,
                reason,
                body,
                submission.id if submission else None,
                submission.order_id if submission else None,
                submission.trace if submission else None,
            )
