"""What gateways tell each other: the requests that each has let through of accounts with a limit."""

import asyncio
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.broadcast import Broadcast
from shared.contracts import RequestsTaken
from shared.errors import BrokerUnavailable
from shared.rate_limits import RateLimits
from shared.telemetry import log
from shared.waits import wait_for

TELL_SECONDS: Final = 0.2


class Peers:
    """Keeps the accounts' buckets of several gateways in step; a component, silent while no account has a limit."""

    def __init__(self, limits: RateLimits, broadcast: Broadcast) -> None:
        self._id = uuid7()
        self._limits = limits
        self._broadcast = broadcast
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Tell the others, a few times a second, until stopped."""
        while not await wait_for(self._stopping, TELL_SECONDS):
            taken = self._limits.taken()
            if taken:
                await self._tell(taken)

    def stop(self) -> None:
        """Tell nothing more."""
        self._stopping.set()

    def take(self, told: RequestsTaken) -> None:
        """Count what another gateway has let through."""
        if told.gateway != self._id:
            for account, requests in told.requests.items():
                self._limits.take_elsewhere(account, requests)

    async def _tell(self, taken: dict[UUID, int]) -> None:
        try:
            await self._broadcast.tell(RequestsTaken(self._id, taken))
        except BrokerUnavailable as error:
            log.info("peers.untold", reason=str(error))
