"""The table `failures`: what no retry will mend, set aside whole, so that it can be seen, mended and replayed."""

from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

from shared.contracts import Submission
from shared.database import Database
from shared.metrics import FAILURES

_ADD: Final = """
INSERT INTO failures (id, account_id, livemode, place, cause, reason, body, submission_id, order_id, trace)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING
"""
_FAILURES: Final = UUID("0a0f7e35-6a0b-5f43-9a35-5f1cf9d7a1d5")


class Failures:
    """Sets aside messages and submissions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, *, cause: str, reason: str, body: bytes, submission: Submission | None = None, place: str = "worker"
    ) -> None:
        """Record one failure; the caller may acknowledge its message afterwards.

        Its id derives from what failed, so a message that comes again is not recorded twice.
        """
        failure_id = uuid5(_FAILURES, f"{place} {cause} {sha256(body).hexdigest()}")
        async with self._database.transaction() as connection:
            await connection.execute(
                _ADD,
                failure_id,
                submission.account if submission else None,
                submission.live if submission else None,
                place,
                cause,
                reason,
                body,
                submission.id if submission else None,
                submission.order_id if submission else None,
                submission.trace if submission else None,
            )
        FAILURES.labels(place, cause).inc()
