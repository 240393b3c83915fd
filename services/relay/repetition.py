"""Publishes what was not confirmed again and again, ever more seldom, beside all that leaves at once."""

from typing import Final

from services.relay.publication import Publication
from services.relay.unconfirmed import Unconfirmed
from shared.errors import BrokerUnavailable, DatabaseUnavailable
from shared.rounds import Rounds
from shared.telemetry import log

SWEEP_SECONDS: Final = 5.0
"""The longest sleep: another relay may have put something off."""
RETRY_SECONDS: Final = 1.0
_SOONEST_SECONDS: Final = 0.05


class Repetition(Rounds):
    """Publishes unconfirmed events until they are confirmed; a component. Any number may run."""

    def __init__(self, unconfirmed: Unconfirmed, publication: Publication, *, batch_events: int) -> None:
        away = (BrokerUnavailable, DatabaseUnavailable)
        super().__init__(self._repeat, waits_out=away, event="relay.waiting", retry_seconds=RETRY_SECONDS)
        self._unconfirmed = unconfirmed
        self._publication = publication
        self._batch_events = batch_events

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
