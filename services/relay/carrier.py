"""Carries events from the outbox to the exchange: woken by NOTIFY, and every few seconds besides."""

import logging
from typing import Final

from services.relay.publication import Publication
from services.relay.store import Outbox
from shared.errors import BrokerUnavailable, DatabaseUnavailable
from shared.failpoints import Point, reach
from shared.metrics import CARRIED_BATCH
from shared.rounds import Rounds
from shared.telemetry import log

SWEEP_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 1.0
HURRIED_SECONDS: Final = 0.5
"""How long a batch waits for its confirms after one of which some were not taken; `Repetition` is more patient."""
MAINTENANCE_SECONDS: Final = 600.0
MORE_SECONDS: Final = 0.5
"""Between two parts of a sweep: keys expire as fast as they once came, tens of thousands a minute."""


class Carrier(Rounds):
    """Publishes unsent events and marks them; a component. Any number may run: row locks share the work.

    A publish is confirmed once every queue that it reaches holds it, and anyone may bind a queue. What some queue does
    not confirm is handed on to `Repetition`, so that it holds up nothing that follows it.
    """

    def __init__(self, outbox: Outbox, publication: Publication, *, batch_events: int) -> None:
        away = (BrokerUnavailable, DatabaseUnavailable)
        super().__init__(self._carry, waits_out=away, event="relay.waiting", retry_seconds=RETRY_SECONDS)
        self._outbox = outbox
        self._publication = publication
        self._batch_events = batch_events
        self._within_seconds: float | None = None

    async def _carry(self) -> float:
        async with self._outbox.claim(self._batch_events) as batch:
            if batch.events:
                await reach(Point.RELAY_CLAIMED)
            published = await self._publication.publish(batch.events, self._within_seconds)
            batch.sent.extend(event.id for event in published.confirmed)
            batch.unconfirmed.extend(event.id for event in published.not_taken)
            if batch.sent:
                await reach(Point.RELAY_CONFIRMED)
        if published.not_taken:
            types = sorted({event.type for event in published.not_taken})
            log.warning("relay.unconfirmed", events=len(published.not_taken), of=len(batch.events), types=types)
        # One queue that is silent must not cost every batch the whole time to confirm in.
        self._within_seconds = HURRIED_SECONDS if published.not_taken else None
        if published.error is not None:
            raise published.error
        if batch.events:
            CARRIED_BATCH.observe(len(batch.events))
            log.debug("relay.carried", events=len(batch.events))
        return 0.0 if len(batch.events) >= self._batch_events else SWEEP_SECONDS


class Maintenance(Rounds):
    """Keeps the outbox's partitions and sweeps what has had its time; a component. What fails is tried again soon."""

    def __init__(self, outbox: Outbox, *, keep_days: int) -> None:
        super().__init__(
            self._maintain,
            waits_out=DatabaseUnavailable,
            event="relay.maintenance_postponed",
            level=logging.INFO,
            retry_seconds=SWEEP_SECONDS,
        )
        self._outbox = outbox
        self._keep_days = keep_days

    async def _maintain(self) -> float:
        return MORE_SECONDS if await self._outbox.maintain(self._keep_days) else MAINTENANCE_SECONDS
