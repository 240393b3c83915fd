"""Tells which steps of the ladders have come: at their moment, when Postgres notifies, and at a sweep besides."""

from typing import Final

from services.relay.ladders import Ladders
from shared.errors import DatabaseUnavailable
from shared.rounds import Rounds
from shared.telemetry import log

SWEEP_SECONDS: Final = 30.0
"""The longest sleep; the moments in Postgres are by its clock, and this host's may run at another pace."""
RETRY_SECONDS: Final = 1.0
_SOONEST_SECONDS: Final = 0.05
"""Rows that are due, but in another relay's hands, are not asked for more often."""


class Reminders(Rounds):
    """Looks for steps that are due; a component. Any number may run."""

    def __init__(self, ladders: Ladders, *, batch_orders: int) -> None:
        super().__init__(
            self._look, waits_out=DatabaseUnavailable, event="reminders.waiting", retry_seconds=RETRY_SECONDS
        )
        self._ladders = ladders
        self._batch_orders = batch_orders

    async def _look(self) -> float:
        looked = await self._ladders.look(self._batch_orders)
        if looked.told:
            log.info("reminders.told", orders=looked.orders, told=looked.told)
        if looked.orders >= self._batch_orders:
            return 0.0
        seconds = SWEEP_SECONDS if looked.next_seconds is None else looked.next_seconds
        return min(max(seconds, _SOONEST_SECONDS), SWEEP_SECONDS)
