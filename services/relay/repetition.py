"""Publishes what was not confirmed again and again, ever more seldom, beside all that leaves at once."""

import asyncio
from typing import Final

from services.relay.publication import Publication
from services.relay.unconfirmed import Unconfirmed
from shared.errors import BrokerUnavailable, DatabaseUnavailable
from shared.telemetry import log
from shared.waits import wait_for

SWEEP_SECONDS: Final = 5.0
"""The longest sleep: another relay may have put something off."""
RETRY_SECONDS: Final = 1.0
_SOONEST_SECONDS: Final = 0.05


class Repetition:
    """Publishes unconfirmed events until they are confirmed; a component. Any number may run."""

    def __init__(self, unconfirmed: Unconfirmed, publication: Publication, *, batch_events: int) -> None:
        self._unconfirmed = unconfirmed
        self._publication = publication
        self._batch_events = batch_events
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Finish what is under way, and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Publish until stopped."""
        while not self._stopping.is_set():
            try:
                seconds = await self._repeat()
            except (BrokerUnavailable, DatabaseUnavailable) as error:
                log.warning("relay.waiting", reason=str(error))
                seconds = RETRY_SECONDS
            await wait_for(self._stopping, seconds)

    async def _repeat(self) -> float:
        async with self._unconfirmed.claim(self._batch_events) as again:
            published = await self._publication.publish(again.events)
            again.confirmed.extend(event.id for event in published.confirmed)
            again.not_taken.extend(event.id for event in published.not_taken)
        if again.events:
            log.info("relay.repeated", confirmed=len(again.confirmed), not_taken=len(again.not_taken))
        if published.error is not None:
            raise published.error
        seconds = await self._unconfirmed.next_seconds()
        return SWEEP_SECONDS if seconds is None else min(max(seconds, _SOONEST_SECONDS), SWEEP_SECONDS)
