"""Events on the exchange: many published at once, and what came of each."""

import asyncio
from collections.abc import Sequence
from itertools import starmap
from typing import Final, Protocol

from msgspec import Struct

from services.relay.watch import Unsent
from shared.errors import NotTaken
from shared.metrics import CARRIED
from shared.topology import NOTIFIED_EVENTS
from shared.traces import child, of_event

FLUSH_EVENTS: Final = 32
"""Of so many publishes the first waits until the socket has room: each that does costs a turn of the event loop."""


class Publishes(Protocol):
    """Publishes one event; returns once the broker has confirmed it."""

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
        trace: str | None,
        flushes: bool,
        within_seconds: float | None,
    ) -> None:
        """Publish or raise `BrokerUnavailable`, as `NotTaken` where the broker is there."""
        ...


class Published(Struct, frozen=True):
    """Events that the broker has confirmed, those that it was there for and did not, and what else went wrong."""

    confirmed: list[Unsent]
    not_taken: list[Unsent]
    error: BaseException | None


class Publication:
    """Publishes events to the exchange."""

    def __init__(self, publisher: Publishes, exchange: str) -> None:
        self._publisher = publisher
        self._exchange = exchange

    async def publish(self, events: Sequence[Unsent], within_seconds: float | None = None) -> Published:
        """Publish events at once, each for so long at most, and return what came of them."""
        publishes = starmap(self._publish, ((index, event, within_seconds) for index, event in enumerate(events)))
        results = list(zip(events, await asyncio.gather(*publishes, return_exceptions=True), strict=True))
        errors = (error for _, error in results if error is not None and not isinstance(error, NotTaken))
        return Published(
            confirmed=[event for event, error in results if error is None],
            not_taken=[event for event, error in results if isinstance(error, NotTaken)],
            error=next(errors, None),
        )

    async def _publish(self, index: int, event: Unsent, within_seconds: float | None) -> None:
        with child(f"publish {event.type}", of_event(event.body), kind="producer") as trace:
            await self._publisher.publish(
                event.body,
                exchange=self._exchange,
                routing_key=f"{event.type}.{event.account}",
                message_id=str(event.id),
                content_type="application/json",
                message_type=event.type,
                # Most types have no subscriber, and need none; those that the notifier acts on must reach a queue.
                mandatory=event.type in NOTIFIED_EVENTS,
                trace=trace,
                flushes=index % FLUSH_EVENTS == 0,
                within_seconds=within_seconds,
            )
        CARRIED.labels(event.type).inc()
