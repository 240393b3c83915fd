"""From message bodies to settled submissions: a bad one is found by halving and set aside, its neighbours go on."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from shared.contracts import Settled, Submission, SubmissionBatch
from shared.database import until_available
from shared.errors import UNREADABLE, DataError
from shared.failpoints import Point, reach
from shared.telemetry import log
from shared.traces import trace_id

_decode: Final = msgspec.msgpack.Decoder(SubmissionBatch).decode
_encode: Final = msgspec.msgpack.Encoder().encode

POISON: Final = (DataError, ArithmeticError, LookupError, TypeError, ValueError)
"""What only this datum can be the cause of: refused by Postgres, or by our own code. All else is no datum's fault."""


class Settles(Protocol):
    """Settles a batch in one transaction."""

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        """Return what became of those that are waited for."""
        ...


class SetsAside(Protocol):
    """Records what no retry will mend."""

    async def add(self, *, cause: str, reason: str, body: bytes, submission: Submission | None = None) -> None:
        """Record one failure."""
        ...


class Handler:
    """Settles what messages carry; when it returns, all of it is durable, in the history or in the failures."""

    def __init__(self, store: Settles, failures: SetsAside) -> None:
        self._store = store
        self._failures = failures

    async def decode(self, body: bytes) -> list[Submission]:
        """Return the submissions in a message; one that cannot be read is set aside whole and gives none."""
        try:
            return _decode(body).submissions
        except UNREADABLE as error:
            log.error("message.undecodable", error=type(error).__name__, bytes=len(body))
            await self._until_stored(cause="undecodable", reason=str(error), body=body)
            return []

    async def set_aside(self, submission: Submission, *, cause: str, reason: str) -> list[Settled]:
        """Record a submission that cannot be settled; return what is told to whoever waits for it."""
        log.error(
            "submission.set_aside",
            submission=str(submission.id),
            order=str(submission.order_id),
            trace=trace_id(submission.trace),
            cause=cause,
        )
        # Without its trace, which another delivery would not share: by its body a failure is known to be the same.
        body = _encode(SubmissionBatch([replace(submission, trace=None)]))
        await self._until_stored(cause=cause, reason=reason, body=body, submission=submission)
        if not submission.wait:
            return []
        return [Settled(submission.id, "failed", reason="set_aside", version=submission.version)]

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        """Settle submissions, waiting for as long as Postgres is away; never raises for what they hold."""
        if not submissions:
            return []
        try:
            return await self._settle_patiently(submissions)
        except POISON as error:
            if len(submissions) == 1:
                cause = error.sqlstate if isinstance(error, DataError) else type(error).__name__
                return await self.set_aside(submissions[0], cause=cause, reason=str(error))
        middle = len(submissions) // 2
        return [*await self.settle(submissions[:middle]), *await self.settle(submissions[middle:])]

    async def _settle_patiently(self, submissions: Sequence[Submission]) -> list[Settled]:
        settled: list[Settled] = []
        async for attempt in until_available():
            with attempt:
                settled = await self._store.settle(submissions)
        return settled

    async def _until_stored(
        self, *, cause: str, reason: str, body: bytes, submission: Submission | None = None
    ) -> None:
        async for attempt in until_available():
            with attempt:
                await self._failures.add(cause=cause, reason=reason, body=body, submission=submission)
                await reach(Point.WORKER_SET_ASIDE, (cause,))
