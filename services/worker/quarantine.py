"""Quarantine: settling a message that may be what kills its workers, so that it harms nobody but itself.

A message that came back often is settled alone. Should its worker die even so, its submissions are tried one by one,
each noted in Postgres before: one that worker after worker dies of is set aside, and its neighbours are stored.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Protocol
from uuid import UUID, uuid5

from services.worker.suspects import MOST_DEATHS
from shared.contracts import Settled, Submission
from shared.database import until_available
from shared.telemetry import log

_MESSAGES: Final = UUID("8f6a0c0e-5f0d-5b7c-93c1-6a2f4e1d9b70")


class KeepsSuspects(Protocol):
    """Remembers what was tried and not lived through."""

    async def note(self, suspect: UUID) -> int:
        """Note a try; return how many before it had no end."""
        ...

    async def clear(self, suspect: UUID) -> None:
        """Note that a try had an end."""
        ...


class Handles(Protocol):
    """Settles submissions."""

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        """Settle them; durable when it returns."""
        ...

    async def set_aside(self, submission: Submission, *, cause: str, reason: str) -> list[Settled]:
        """Record one that cannot be settled."""
        ...


class Quarantine:
    """Settles suspicious messages."""

    def __init__(self, handler: Handles, suspects: KeepsSuspects) -> None:
        self._handler = handler
        self._suspects = suspects

    async def settle(self, body: bytes, submissions: Sequence[Submission]) -> list[Settled]:
        """Settle what a message carries; all of it is durable, in the history or in the failures, when this returns."""
        message = uuid5(_MESSAGES, sha256(body).hexdigest())
        log.warning("message.suspicious", submissions=len(submissions), bytes=len(body))
        if await self._note(message) == 0:
            settled = await self._handler.settle(submissions)
        else:
            settled = [one for submission in submissions for one in await self._settle_alone(submission)]
        await self._clear(message)
        return settled

    async def _settle_alone(self, submission: Submission) -> list[Settled]:
        if await self._note(submission.id) >= MOST_DEATHS:
            reason = f"{MOST_DEATHS} workers died while they settled this submission and nothing else"
            settled = await self._handler.set_aside(submission, cause="kills_its_worker", reason=reason)
        else:
            settled = await self._handler.settle([submission])
        await self._clear(submission.id)
        return settled

    async def _note(self, suspect: UUID) -> int:
        tries = 0
        async for attempt in until_available():
            with attempt:
                tries = await self._suspects.note(suspect)
        return tries

    async def _clear(self, suspect: UUID) -> None:
        async for attempt in until_available():
            with attempt:
                await self._suspects.clear(suspect)
