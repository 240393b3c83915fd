"""The worker's pulse: what it has settled, told to the gateways each second, so they can say when to come back."""

import asyncio
from typing import Final

from shared.broadcast import Broadcast
from shared.contracts import WorkerPulse
from shared.errors import BrokerUnavailable
from shared.telemetry import log
from shared.waits import wait_for

BEAT_SECONDS: Final = 1.0


class Pulse:
    """Counts what is settled and tells it; a component that is silent while nothing is."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self._submissions = 0
        self._messages = 0
        self._oldest = 0
        self._stopping = asyncio.Event()

    def count(self, submissions: int, messages: int, oldest: int) -> None:
        """Count one settled batch; `oldest` is when its oldest submission was received, 0 where it had none."""
        self._submissions += submissions
        self._messages += messages
        self._oldest = oldest or self._oldest

    async def run(self) -> None:
        """Beat until stopped."""
        while not await wait_for(self._stopping, BEAT_SECONDS):
            if not self._messages:
                continue
            pulse = WorkerPulse(self._submissions, self._messages, self._oldest)
            self._submissions = self._messages = 0
            try:
                await self._broadcast.tell(pulse)
            except BrokerUnavailable as error:
                log.info("pulse.untold", reason=str(error))

    def stop(self) -> None:
        """Beat no more."""
        self._stopping.set()
