"""The worker's pulse: what it has settled, told to the gateways each second, so they can say when to come back."""

import asyncio
from typing import Final, Protocol

import msgspec
from uuid_utils.compat import uuid7

from shared.contracts import WorkerPulse
from shared.errors import BrokerUnavailable
from shared.telemetry import log
from shared.waits import wait_for

BEAT_SECONDS: Final = 1.0
_encode: Final = msgspec.msgpack.Encoder().encode


class Publishes(Protocol):
    """Publishes to the gateways."""

    async def publish(
        self,
        body: bytes,
        *,
        routing_key: str,
        exchange: str,
        message_id: str,
        content_type: str,
        message_type: str,
        mandatory: bool,
    ) -> None:
        """Publish or raise `BrokerUnavailable`."""
        ...


class Pulse:
    """Counts what is settled and tells it; a component that is silent while nothing is."""

    def __init__(self, publisher: Publishes, exchange: str) -> None:
        self._publisher = publisher
        self._exchange = exchange
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
                await self._publisher.publish(
                    _encode(pulse),
                    exchange=self._exchange,
                    routing_key="",
                    message_id=str(uuid7()),
                    content_type="application/msgpack",
                    message_type="pulse.v1",
                    mandatory=False,
                )
            except BrokerUnavailable as error:
                log.info("pulse.untold", reason=str(error))

    def stop(self) -> None:
        """Beat no more."""
        self._stopping.set()
