"""Looks at something every few seconds for the sake of the metrics, so that a scrape itself asks no server."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.errors import Unavailable
from shared.telemetry import log
from shared.waits import wait_for


class Measuring:
    """Calls `look` every few seconds; a component. What is away is looked at later: measuring never stops a service."""

    def __init__(self, look: Callable[[], Awaitable[None]], *, every_seconds: float) -> None:
        self._look = look
        self._every_seconds = every_seconds
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look until stopped."""
        while not self._stopping.is_set():
            try:
                await self._look()
            except Unavailable as error:
                log.debug("measure.unknown", reason=str(error))
            await wait_for(self._stopping, self._every_seconds)

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
