"""From deliveries to plans: what has arrived is planned in one transaction, and acknowledged last."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from services.notifier.notification import Planned
from services.notifier.planner import Undecodable, plan, read_event
from shared.broker import Delivery
from shared.database import until_available
from shared.failpoints import Point, reach
from shared.telemetry import log
from shared.traces import child

BATCH_EVENTS: Final = 200


class StoresPlans(Protocol):
    """Keeps plans, and what could not be read."""

    async def add(self, planned: Sequence[Planned]) -> int:
        """Add notifications; those that were planned before change nothing."""
        ...

    async def set_aside(self, body: bytes, reason: str) -> None:
        """Keep an unreadable event."""
        ...


class Intake:
    """Takes deliveries of events and plans their notifications; a component."""

    def __init__(self, plans: StoresPlans, channels: Sequence[str]) -> None:
        self._plans = plans
        self._channels = channels
        self._waiting: asyncio.Queue[Delivery | None] = asyncio.Queue()
        self._stopped = False

    def accept(self, delivery: Delivery) -> None:
        """Take one delivery from the consumer; only enqueues (the consumer's prefetch bounds it)."""
        self._waiting.put_nowait(delivery)

    def stop(self) -> None:
        """Plan what is under way, then end; the broker gives what still waits to another notifier."""
        if not self._stopped:
            self._stopped = True
            self._waiting.put_nowait(None)

    async def run(self) -> None:
        """Plan until stopped."""
        while not self._stopped:
            first = await self._waiting.get()
            if first is None or self._stopped:
                return
            await self._take([first, *self._more()])

    def _more(self) -> list[Delivery]:
        deliveries: list[Delivery] = []
        while len(deliveries) < BATCH_EVENTS - 1 and not self._waiting.empty():
            delivery = self._waiting.get_nowait()
            if delivery is None:
                break
            deliveries.append(delivery)
        return deliveries

    async def _take(self, deliveries: Sequence[Delivery]) -> None:
        planned: list[Planned] = []
        for delivery in deliveries:
            try:
                event = read_event(delivery.body)
                with child(f"plan {event.type}", delivery.trace or event.traceparent, kind="consumer") as trace:
                    planned += [replace(one, trace=trace) for one in plan(event, self._channels)]
            except Undecodable as error:
                await self._set_aside(delivery.body, str(error))
        if planned:
            async for attempt in until_available():
                with attempt:
                    added = await self._plans.add(planned)
                    log.info("notifications.planned", events=len(deliveries), added=added)
                    await reach(Point.NOTIFIER_PLANNED)
        for delivery in deliveries:
            await delivery.ack()

    async def _set_aside(self, body: bytes, reason: str) -> None:
        log.error("event.undecodable", bytes=len(body))
        async for attempt in until_available():
            with attempt:
                await self._plans.set_aside(body, reason)
