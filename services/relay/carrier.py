"""Carries events from the outbox to the exchange: woken by NOTIFY, and every few seconds besides."""

import asyncio
from itertools import starmap
from typing import Final, Protocol

from services.relay.store import Outbox
from services.relay.watch import Unsent
from shared.errors import BrokerUnavailable, DatabaseUnavailable
from shared.failpoints import Point, reach
from shared.metrics import CARRIED, CARRIED_BATCH
from shared.telemetry import log
from shared.topology import NOTIFIED_EVENTS
from shared.traces import child, of_event
from shared.waits import wait_for

SWEEP_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 1.0
FLUSH_EVENTS: Final = 32
"""Of so many publishes the first waits until the socket has room: each that does costs a turn of the event loop."""
MAINTENANCE_SECONDS: Final = 600.0
MORE_SECONDS: Final = 0.5
"""Between two parts of a sweep: keys expire as fast as they once came, tens of thousands a minute."""


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
    ) -> None:
        """Publish or raise `BrokerUnavailable`."""
        ...


class Carrier:
    """Publishes unsent events and marks them; a component. Any number may run: row locks share the work."""

    def __init__(self, outbox: Outbox, publisher: Publishes, exchange: str, *, batch_events: int) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._exchange = exchange
        self._batch_events = batch_events
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the batch that is under way, and end."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Carry until stopped."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                carried = await self._carry()
            except (BrokerUnavailable, DatabaseUnavailable) as error:
                log.warning("relay.waiting", reason=str(error))
                await wait_for(self._stopping, RETRY_SECONDS)
                continue
            if carried < self._batch_events:
                await wait_for(self._woken, SWEEP_SECONDS)

    async def _carry(self) -> int:
        async with self._outbox.claim(self._batch_events) as (events, sent):
            if events:
                await reach(Point.RELAY_CLAIMED)
            results = await asyncio.gather(*starmap(self._publish, enumerate(events)), return_exceptions=True)
            sent += [event.id for event, result in zip(events, results, strict=True) if result is None]
            if sent:
                await reach(Point.RELAY_CONFIRMED)
        failures = [result for result in results if result is not None]
        if failures:
            raise failures[0]
        if events:
            CARRIED_BATCH.observe(len(events))
            log.debug("relay.carried", events=len(events))
        return len(events)

    async def _publish(self, index: int, event: Unsent) -> None:
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
            )
        CARRIED.labels(event.type).inc()


class Maintenance:
    """Keeps the outbox's partitions and sweeps what has had its time; a component."""

    def __init__(self, outbox: Outbox, *, keep_days: int) -> None:
        self._outbox = outbox
        self._keep_days = keep_days
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Sweep no more."""
        self._stopping.set()

    async def run(self) -> None:
        """Maintain until stopped; a sweep that fails is tried again soon."""
        while not self._stopping.is_set():
            try:
                seconds = MORE_SECONDS if await self._outbox.maintain(self._keep_days) else MAINTENANCE_SECONDS
            except DatabaseUnavailable as error:
                log.info("relay.maintenance_postponed", reason=str(error))
                seconds = SWEEP_SECONDS
            await wait_for(self._stopping, seconds)
