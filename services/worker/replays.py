"""Replays: what was set aside is settled again once somebody asks for it, silently unless they want it told."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

import msgspec
from msgspec.structs import replace

from services.worker.failures import Replay
from services.worker.handler import POISON
from services.worker.suspects import MOST_DEATHS
from shared.contracts import Event, Settled, Submission
from shared.errors import UNREADABLE, DatabaseUnavailable
from shared.rounds import Rounds
from shared.telemetry import log

SWEEP_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 120.0
"""How long a claim stands: what a worker that died has claimed is another's after that."""
KEEP_DAYS: Final = 30
"""How long replayed and discarded failures are kept."""
FORGET_SECONDS: Final = 3600.0

_decode_event: Final = msgspec.json.Decoder(Event).decode


class KeepsFailures(Protocol):
    """The failures that are to be replayed."""

    async def claim_replay(self, lease_seconds: float) -> Replay | None:
        """Give one to this worker alone."""
        ...

    async def finish_replay(self, failure_id: UUID, outcome: str) -> None:
        """Note that one is done."""
        ...

    async def fail_replay(self, failure_id: UUID, *, cause: str, reason: str) -> None:
        """Note why one failed."""
        ...

    async def republish(self, replay: Replay, event: Event) -> None:
        """Let an event be published once more."""
        ...

    async def sweep(self, keep_days: int) -> None:
        """Forget what is old."""
        ...


class KeepsSuspects(Protocol):
    """Remembers what was tried and not lived through."""

    async def note(self, suspect: UUID) -> int:
        """Note a try; return how many before it had no end."""
        ...

    async def clear(self, suspect: UUID) -> None:
        """Note that a try had an end."""
        ...


class Handles(Protocol):
    """Turns bodies into settled submissions; what fails it sets aside (again)."""

    async def decode(self, body: bytes) -> list[Submission]:
        """Return the submissions in a message."""
        ...

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        """Settle them; durable when it returns."""
        ...


class Replays(Rounds):
    """Settles what is asked for, one after the other; a component, woken by NOTIFY and every few seconds besides.

    A submission that is replayed keeps its id and its version: it counts once however often it is replayed, and newer
    ones stay newer. An event, which the notifier could not take, goes out again through the relay.
    """

    def __init__(self, failures: KeepsFailures, suspects: KeepsSuspects, handler: Handles) -> None:
        super().__init__(
            self._replay_next,
            waits_out=DatabaseUnavailable,
            event="replays.waiting",
            level=logging.INFO,
            retry_seconds=RETRY_SECONDS,
        )
        self._failures = failures
        self._suspects = suspects
        self._handler = handler
        self._swept_at = float("-inf")

    async def _replay_next(self) -> float:
        replay = await self._failures.claim_replay(LEASE_SECONDS)
        if replay is not None:
            await self._replay(replay)
            return 0.0
        await self._sweep()
        return SWEEP_SECONDS

    async def _replay(self, replay: Replay) -> None:
        if await self._suspects.note(replay.id) >= MOST_DEATHS:
            reason = f"{MOST_DEATHS} workers died while they replayed this"
            await self._failures.fail_replay(replay.id, cause="kills_its_worker", reason=reason)
        elif replay.place == "worker":
            await self._settle(replay)
        else:
            await self._republish(replay)
        await self._suspects.clear(replay.id)

    async def _settle(self, replay: Replay) -> None:
        submissions = [
            replace(submission, silent=not replay.notify, wait=True, brief=True)
            for submission in await self._handler.decode(replay.body)
        ]
        settled = await self._handler.settle(submissions)
        outcomes = {one.state for one in settled}
        # What failed again has been set aside again, under the same id: then this changes nothing.
        await self._failures.finish_replay(replay.id, outcomes.pop() if len(outcomes) == 1 else "settled")
        log.info("failure.replayed", failure=str(replay.id), submissions=len(submissions), notify=replay.notify)

    async def _republish(self, replay: Replay) -> None:
        try:
            event = _decode_event(replay.body)
        except UNREADABLE as error:
            await self._failures.fail_replay(replay.id, cause="undecodable", reason=str(error))
            return
        try:
            await self._failures.republish(replay, event)
        except POISON as error:
            await self._failures.fail_replay(replay.id, cause=type(error).__name__, reason=str(error))
            return
        log.info("failure.replayed", failure=str(replay.id), events=1)

    async def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._swept_at >= FORGET_SECONDS:
            self._swept_at = now
            await self._failures.sweep(KEEP_DAYS)
