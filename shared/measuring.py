"""Looks at something every few seconds for the sake of the metrics, so that a scrape itself asks no server."""

import logging
from collections.abc import Awaitable, Callable

from shared.errors import Unavailable
from shared.rounds import Rounds


class Measuring(Rounds):
    """Calls `look` every few seconds; a component. What is away is looked at later: measuring never stops a service."""

    def __init__(self, look: Callable[[], Awaitable[None]], *, every_seconds: float) -> None:
        super().__init__(
            self._measure,
            waits_out=Unavailable,
            event="measure.unknown",
            level=logging.DEBUG,
            retry_seconds=every_seconds,
        )
        self._look = look
        self._every_seconds = every_seconds

    async def _measure(self) -> float:
        await self._look()
        return self._every_seconds
