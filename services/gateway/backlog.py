"""How much waits for the workers, and for how long: beyond a limit, new submissions are asked to come back."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from shared.contracts import WorkerPulse
from shared.errors import BrokerUnavailable, Unavailable
from shared.metrics import QUEUE_MESSAGES, SUBMISSIONS_LAG, watch
from shared.shares import COMMON
from shared.telemetry import log
from shared.waits import wait_for

LOOK_SECONDS: Final = 1.0
DRAIN_WINDOW_SECONDS: Final = 5.0
LONGEST_PAUSE_SECONDS: Final = 60
HALF_LIFE_SECONDS: Final = 10.0
"""How long until what an account has sent counts half towards its share."""
UNKNOWN_PAUSE_SECONDS: Final = 30
"""What a client is told when no worker has settled anything lately: nobody knows."""


class CountsMessages(Protocol):
    """Knows how many messages a queue holds."""

    async def depth(self, queue: str) -> int:
        """Return the number of messages that wait, or raise `BrokerUnavailable`."""
        ...


class _Drained(Struct, frozen=True):
    at: float
    submissions: int
    messages: int


class Backlog:
    """Watches the submissions queue and the workers' pulses; a component."""

    def __init__(
        self,
        broker: CountsMessages,
        queue: str,
        *,
        most_submissions: int,
        clock: Callable[[], int | None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._queue = queue
        self._most_submissions = most_submissions
        self._clock = clock
        self._monotonic = monotonic
        self._drained: deque[_Drained] = deque(maxlen=4096)
        self._submissions_per_message = 1.0
        self._recent: dict[UUID, float] = {}
        self._messages = 0
        self._seen_at = monotonic()
        self._waits_since: float | None = None
        self._settled_up_to = float("-inf")
        self._stopping = asyncio.Event()
        watch(QUEUE_MESSAGES, lambda: self._messages)
        watch(SUBMISSIONS_LAG, lambda: self.lag_seconds)

    async def run(self) -> None:
        """Look at the queue every second until stopped."""
        while not self._stopping.is_set():
            try:
                await self.look()
            except BrokerUnavailable as error:
                log.debug("backlog.unknown", reason=str(error))
            await wait_for(self._stopping, LOOK_SECONDS)

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    @property
    def age_seconds(self) -> float:
        """How long ago the broker last told the queue's depth: a frozen one keeps its connections, and says nothing."""
        return self._monotonic() - self._seen_at

    @property
    def lag_seconds(self) -> float:
        """How long the oldest submission in the queue has waited, as far as can be seen from here; 0 where none does.

        The queue does not tell how old its head is. It is about as old as what the workers settled last, and grows by a
        second each second where they settle nothing; a gateway that started later sees only what it has lived through.
        """
        if self._waits_since is None:
            return 0.0
        return max(0.0, self._monotonic() - max(self._waits_since, self._settled_up_to))

    async def look(self) -> None:
        """Ask how much waits, or raise `BrokerUnavailable`."""
        self._messages = await self._broker.depth(self._queue)
        self._seen_at = self._monotonic()
        if not self._messages:
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = self._seen_at
        self._fade()

    def take_pulse(self, pulse: WorkerPulse) -> None:
        """Take what one worker has settled lately."""
        self._drained.append(_Drained(self._monotonic(), pulse.submissions, pulse.messages))
        now = self._clock()
        if pulse.oldest and now is not None:
            age = max(0, now - pulse.oldest) / 1_000_000
            self._settled_up_to = max(self._settled_up_to, self._monotonic() - age)
        if pulse.messages:
            measured = pulse.submissions / pulse.messages
            self._submissions_per_message += 0.2 * (measured - self._submissions_per_message)

    def count(self, account: UUID, submissions: int) -> None:
        """Count what an account has sent."""
        self._recent[account] = self._recent.get(account, 0.0) + submissions

    def check(self, account: UUID) -> None:
        """Raise `Unavailable`, with an honest guess of when there is room, where more waits than may.

        From four fifths of the limit on, an account that has lately sent more than an equal share is refused, so that
        the flood of one leaves room for the others.
        """
        waiting = self._messages * self._submissions_per_message
        excess = waiting - self._most_submissions * COMMON
        if excess > 0 and not self._is_loud(account):
            excess = waiting - self._most_submissions
        if excess > 0:
            raise Unavailable("the backlog is above its limit", self._pause(excess))

    def _is_loud(self, account: UUID) -> bool:
        sent = self._recent.get(account, 0.0)
        return sent * len(self._recent) > sum(self._recent.values())

    def _fade(self) -> None:
        """Let the past count less; who has sent nothing for long is forgotten, so the accounts are bounded by it."""
        kept = 0.5 ** (LOOK_SECONDS / HALF_LIFE_SECONDS)
        self._recent = {account: sent * kept for account, sent in self._recent.items() if sent >= 1}

    def _pause(self, excess: float) -> int:
        since = self._monotonic() - DRAIN_WINDOW_SECONDS
        while self._drained and self._drained[0].at < since:
            self._drained.popleft()
        rate = sum(drained.submissions for drained in self._drained) / DRAIN_WINDOW_SECONDS
        if not rate:
            return UNKNOWN_PAUSE_SECONDS
        return max(1, min(LONGEST_PAUSE_SECONDS, math.ceil(excess / rate)))
