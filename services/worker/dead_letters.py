"""Drains the dead letters: messages that the broker gave up on, since they came back too often, go to `failures`."""

import asyncio
from typing import Final, Protocol

from shared.broker import Delivery
from shared.database import until_available
from shared.telemetry import log

PREFETCH: Final = 8


class SetsAside(Protocol):
    """Records what no retry will mend."""

    async def add_message(self, *, cause: str, reason: str, body: bytes, place: str) -> None:
        """Record a whole message."""
        ...


class DeadLetters:
    """Sets aside each message of one dead-letter queue, whole, and acknowledges it after that; a component.

    `place` is where the message was when it failed, for whoever looks at the failure.
    """

    def __init__(self, failures: SetsAside, place: str) -> None:
        self._failures = failures
        self._place = place
        self._waiting: asyncio.Queue[Delivery | None] = asyncio.Queue()  # bounded by the consumer's prefetch

    def accept(self, delivery: Delivery) -> None:
        """Take one delivery from the consumer; only enqueues."""
        self._waiting.put_nowait(delivery)

    def stop(self) -> None:
        """End after the message that is under way."""
        self._waiting.put_nowait(None)

    async def run(self) -> None:
        """Set aside until stopped."""
        while (delivery := await self._waiting.get()) is not None:
            async for attempt in until_available():
                with attempt:
                    await self._failures.add_message(
                        cause="dead_letter",
                        reason="the message came back to the queue too often: it may be what stops its consumers",
                        body=delivery.body,
                        place=self._place,
                    )
            await delivery.ack()
            log.error("message.dead", place=self._place, bytes=len(delivery.body))
