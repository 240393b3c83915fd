"""From what has fallen due to what came of it: claims, hands over, records; one dispatcher a channel.

Nothing here polls faster than it must: after a look that found less than asked for, the next is at the moment when the
next row falls due, when Postgres notifies, or at the sweep. A server that is away is asked by one message at a time,
ever more seldom.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from services.notifier.backoff import server_pause
from services.notifier.channels import Channel
from services.notifier.claims import Round
from services.notifier.message import Claimed
from services.notifier.outcome import Outcome, PutOff, Result, Sent, Unreachable, result_of
from shared.database import until_available
from shared.errors import DatabaseUnavailable
from shared.failpoints import Point, reach
from shared.metrics import CHANNEL_FAILURES, DELIVERIES, DELIVERY_SECONDS, HANDOVER_SECONDS
from shared.telemetry import log
from shared.traces import child, trace_id
from shared.waits import wait_for

RETRY_SECONDS: Final = 1.0
_SOONEST_SECONDS: Final = 0.01


class ClaimsDue(Protocol):
    """Finds and claims what is due."""

    async def claim(self, channel: str, most: int, resting: Sequence[UUID] = ()) -> Round:
        """Claim up to `most` rows, none of a resting account's."""
        ...

    async def revive(self, channel: str) -> None:
        """Make due what waited for an address that has come."""
        ...


class RecordsAttempts(Protocol):
    """Records how attempts end."""

    async def finish(self, claimed: Claimed, result: Result) -> bool:
        """Record one result; False where another notifier has taken over."""
        ...


class Dispatcher:
    """Sends what is due on one channel, at most `concurrent` at once; a component. Any number may run."""

    def __init__(
        self,
        name: str,
        channel: Channel,
        claims: ClaimsDue,
        attempts: RecordsAttempts,
        *,
        concurrent: int,
        sweep_seconds: float,
        lease_seconds: float,
    ) -> None:
        self._name = name
        self._channel = channel
        self._claims = claims
        self._attempts = attempts
        self._concurrent = concurrent
        self._sweep_seconds = sweep_seconds
        self._lease_seconds = lease_seconds
        self._active = 0
        self._failures = 0
        self._asked_again_at = 0.0
        self._revived_at = 0.0
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def stop(self) -> None:
        """Claim no more, finish what is being sent, and end."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Send until stopped."""
        try:
            async with asyncio.TaskGroup() as group:
                while not self._stopping.is_set():
                    try:
                        await self._look(group)
                    except DatabaseUnavailable as error:
                        log.warning("notifier.waiting", channel=self._name, reason=str(error))
                        await wait_for(self._stopping, RETRY_SECONDS)
        finally:
            await self._channel.close()

    async def _look(self, group: asyncio.TaskGroup) -> None:
        """Claim as much as can be sent at once, start sending it, and wait until there may be more."""
        pause = self._asked_again_at - self._now()
        if pause > 0:
            await wait_for(self._stopping, pause)
            return
        # Of a server that was away, one message asks whether it is back.
        free = (1 if self._failures else self._concurrent) - self._active
        self._woken.clear()
        if free <= 0:
            await wait_for(self._woken, self._sweep_seconds)
            return
        if self._now() - self._revived_at >= self._sweep_seconds:
            self._revived_at = self._now()
            await self._claims.revive(self._name)
        before = self._now()
        found = await self._claims.claim(self._name, free, self._channel.resting())
        for claimed in found.claimed:
            self._active += 1
            group.create_task(self._send(claimed, before + self._lease_seconds))
        if found.found < free:
            until_next = self._sweep_seconds if found.next_due_seconds is None else found.next_due_seconds
            await wait_for(self._woken, min(max(until_next, _SOONEST_SECONDS), self._sweep_seconds))

    async def _send(self, claimed: Claimed, lease_ends: float) -> None:
        try:
            # A process that was suspended meanwhile may have lost its claim to another.
            if self._now() >= lease_ends:
                log.warning("notification.claim_lost", notification=str(claimed.notification_id))
                return
            with child(f"send {self._name}", claimed.trace, kind="client"):
                outcome = await self._deliver(claimed)
            self._note(outcome)
            # Whatever is not recorded is sent again when the claim runs out: worth some patience.
            async for attempt in until_available():
                with attempt:
                    await reach(Point.NOTIFIER_DELIVERED, (self._name,))
                    await self._record(claimed, outcome)
        finally:
            self._active -= 1
            self._woken.set()

    async def _deliver(self, claimed: Claimed) -> Outcome:
        try:
            await reach(Point.NOTIFIER_CLAIMED, (self._name,))
            with DELIVERY_SECONDS.labels(self._name).time():
                return await self._channel.deliver(claimed.message)
        except Exception as error:
            # A mistake of ours, not of the message: it stays to be sent by a mended version.
            log.error("delivery.broken", notification=str(claimed.notification_id), error=type(error).__name__)
            return PutOff(f"internal error ({type(error).__name__})")

    def _note(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Unreachable):
            self._failures = 0
        elif self._now() >= self._asked_again_at:  # of many that fail together, one counts
            self._failures += 1
            self._asked_again_at = self._now() + server_pause(self._failures, random.random())  # noqa: S311  # spread
            log.warning("channel.unreachable", channel=self._name, failures=self._failures, reason=outcome.reason)
        CHANNEL_FAILURES.labels(self._name).set(self._failures)

    async def _record(self, claimed: Claimed, outcome: Outcome) -> None:
        chance = random.random()  # noqa: S311  # spreads pauses, guards nothing
        result = result_of(outcome, claimed.attempts, chance, elsewhere=claimed.elsewhere)
        is_ours = await self._attempts.finish(claimed, result)
        DELIVERIES.labels(self._name, type(outcome).__name__.lower()).inc()
        if isinstance(outcome, Sent):
            HANDOVER_SECONDS.labels(self._name).observe(claimed.lag_seconds)
        log.info(
            "delivery.finished",
            notification=str(claimed.notification_id),
            trace=trace_id(claimed.trace),
            channel=self._name,
            attempt=claimed.attempts,
            outcome=type(outcome).__name__.lower() if is_ours else "taken_over",
        )

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
