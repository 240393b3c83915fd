"""Whether the orders in Postgres are what their senders have said: how far the workers are behind the queue.

The queue is first in, first out: what waited in it some seconds ago has been dealt with once as many messages have been
settled since. The workers tell how many in their pulses; no clock of another host plays a part.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from shared.broker import Delivery
from shared.contracts import RequestsTaken, SettledBatch, WorkerPulse
from shared.errors import UNREADABLE, BrokerUnavailable
from shared.rounds import Rounds
from shared.telemetry import log

LOOK_SECONDS: Final = 1.0
LATE_SECONDS: Final = 5.0
"""What has waited longer is late; the workers' pulses come each second, so less could not be told apart."""

_decode: Final = msgspec.msgpack.Decoder(SettledBatch | WorkerPulse | RequestsTaken).decode


class CountsMessages(Protocol):
    """Knows how many messages a queue holds."""

    async def depth(self, queue: str) -> int:
        """Return the number of messages that wait, or raise `BrokerUnavailable`."""
        ...


class _Look(Struct, frozen=True):
    at: float
    depth: int
    settled: int


class Ingest(Rounds):
    """Watches the submissions queue and hears the workers' pulses; a component."""

    def __init__(self, broker: CountsMessages, queue: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(
            self._look,
            waits_out=BrokerUnavailable,
            event="ingest.unknown",
            level=logging.DEBUG,
            retry_seconds=LOOK_SECONDS,
        )
        self._broker = broker
        self._queue = queue
        self._monotonic = monotonic
        self._settled = 0
        self._looks: deque[_Look] = deque(maxlen=64)
        self._acknowledging: set[asyncio.Task[None]] = set()

    def accept(self, delivery: Delivery) -> None:
        """Take what is told to all gateways; a pulse that is lost makes the workers seem later than they are."""
        acknowledging = asyncio.get_running_loop().create_task(delivery.ack())
        self._acknowledging.add(acknowledging)
        acknowledging.add_done_callback(self._acknowledging.discard)
        try:
            message: Any = _decode(delivery.body)
        except UNREADABLE as error:
            log.error("ingest.undecodable", error=type(error).__name__)
        else:
            if isinstance(message, WorkerPulse):
                self.take_pulse(message)

    def take_pulse(self, pulse: WorkerPulse) -> None:
        """Count what one worker has settled."""
        self._settled += pulse.messages

    async def _look(self) -> float:
        self.note(await self._broker.depth(self._queue))
        return LOOK_SECONDS

    def note(self, depth: int) -> None:
        """Take in how many messages wait now."""
        self._looks.append(_Look(self._monotonic(), depth, self._settled))

    def is_behind(self) -> bool:
        """Tell whether something has waited too long; also while nobody knows, since the broker does not answer."""
        now = self._monotonic()
        if not self._looks or now - self._looks[-1].at > LATE_SECONDS:
            return True
        while len(self._looks) > 1 and now - self._looks[1].at >= LATE_SECONDS:
            self._looks.popleft()
        first = self._looks[0]
        if now - first.at < LATE_SECONDS:  # this process has not watched for long enough
            return self._looks[-1].depth > self._settled - first.settled
        return self._looks[-1].depth > 0 and first.depth > self._settled - first.settled
