"""Work that is done in rounds: one after the other, with a rest between two that whoever has news may end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from shared.telemetry import log
from shared.waits import wait_for


class Rounds:
    """Does `do_round` again and again; a component, and what most that look for work are made of.

    A round returns how many seconds there are to rest after it: 0 where there is more to do at once. A wake ends the
    rest; one that comes while a round is under way counts for the next, so that nothing is told in vain.

    Errors of the kinds in `waits_out` are those of a server that is away: the line `event` tells each with its reason,
    and the next round is `retry_seconds` later, whoever wakes meanwhile. Any other takes the process down.
    """

    def __init__(
        self,
        do_round: Callable[[], Awaitable[float]],
        *,
        waits_out: type[Exception] | tuple[type[Exception], ...],
        event: str,
        level: int = logging.WARNING,
        retry_seconds: float,
    ) -> None:
        self._do_round = do_round
        self._waits_out = waits_out
        self._event = event
        self._level = level
        self._retry_seconds = retry_seconds
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Rest no longer."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the round that is under way, and end."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Do rounds until stopped."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                rest_seconds = await self._do_round()
            except self._waits_out as error:
                log.log(self._level, self._event, reason=str(error))
                await wait_for(self._stopping, self._retry_seconds)
                continue
            if rest_seconds > 0:
                await wait_for(self._woken, rest_seconds)
