"""From what the status webhook kept to the notifications: a component that looks when woken, and now and then."""

from typing import Final, Protocol

from services.notifier.status_updates import Applied
from shared.errors import DatabaseUnavailable
from shared.rounds import Rounds
from shared.telemetry import log

SWEEP_SECONDS: Final = 15.0
RETRY_SECONDS: Final = 1.0
_SOONEST_SECONDS: Final = 0.1


class Applies(Protocol):
    """Applies statuses that have come."""

    async def apply(self) -> Applied:
        """Apply some."""
        ...


class Statuses(Rounds):
    """Applies statuses as they come; a component. Any number may run."""

    def __init__(self, inbox: Applies) -> None:
        super().__init__(
            self._apply, waits_out=DatabaseUnavailable, event="statuses.waiting", retry_seconds=RETRY_SECONDS
        )
        self._inbox = inbox

    async def _apply(self) -> float:
        applied = await self._inbox.apply()
        if applied.found:
            log.info("statuses.applied", statuses=applied.found, moved=applied.moved)
        rest_seconds = SWEEP_SECONDS if applied.next_due_seconds is None else applied.next_due_seconds
        # What is due and was not found is in another notifier's hands.
        if rest_seconds <= 0 and applied.found:
            return 0.0
        return min(max(rest_seconds, _SOONEST_SECONDS), SWEEP_SECONDS)
