"""Tells which steps of the ladders have come: at their moment, when Postgres notifies, and at a sweep besides."""

import asyncio
from typing import Final

from services.relay.ladders import Ladders
from shared.errors import DatabaseUnavailable
from shared.telemetry import log
from shared.waits import wait_for

SWEEP_SECONDS: Final = 30.0
"""The longest sleep; the moments in Postgres are by its clock, and this host's may run at another pace."""
RETRY_SECONDS: Final = 1.0
_SOONEST_SECONDS: Final = 0.05
"""Rows that are due, but in another relay's hands, are not asked for more often."""


class Reminders:
    """Looks for steps that are due; a component. Any number may run."""

    def __init__(self, ladders: Ladders, *, batch_orders: int) -> None:
        self._ladders = ladders
        self._batch_orders = batch_orders
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the look that is under way, and end."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Look until stopped."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                looked = await self._ladders.look(self._batch_orders)
            except DatabaseUnavailable as error:
                log.warning("reminders.waiting", reason=str(error))
                await wait_for(self._stopping, RETRY_SECONDS)
                continue
            if looked.told:
                log.info("reminders.told", orders=looked.orders, told=looked.told)
            if looked.orders < self._batch_orders:
                seconds = SWEEP_SECONDS if looked.next_seconds is None else looked.next_seconds
                await wait_for(self._woken, min(max(seconds, _SOONEST_SECONDS), SWEEP_SECONDS))
