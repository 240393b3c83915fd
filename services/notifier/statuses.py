"""From what the status webhook kept to the notifications: a component that looks when woken, and now and then."""

import asyncio
from typing import Final, Protocol

from services.notifier.status_updates import Applied
from shared.errors import DatabaseUnavailable
from shared.telemetry import log
from shared.waits import wait_for

SWEEP_SECONDS: Final = 15.0
RETRY_SECONDS: Final = 1.0
_SOONEST_SECONDS: Final = 0.1


class Applies(Protocol):
    """Applies statuses that have come."""

    async def apply(self) -> Applied:
        """Apply some."""
        ...


class Statuses:
    """Applies statuses as they come; a component. Any number may run."""

    def __init__(self, inbox: Applies) -> None:
        self._inbox = inbox
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def stop(self) -> None:
        """Finish what is being applied, and end."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Apply until stopped."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                applied = await self._inbox.apply()
            except DatabaseUnavailable as error:
                log.warning("statuses.waiting", reason=str(error))
                await wait_for(self._stopping, RETRY_SECONDS)
                continue
            if applied.found:
                log.info("statuses.applied", statuses=applied.found, moved=applied.moved)
            pause = SWEEP_SECONDS if applied.next_due_seconds is None else applied.next_due_seconds
            # What is due and was not found is in another notifier's hands.
            if pause > 0 or not applied.found:
                await wait_for(self._woken, min(max(pause, _SOONEST_SECONDS), SWEEP_SECONDS))
