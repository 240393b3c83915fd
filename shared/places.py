"""Places that accounts take for a while: each has so many, and whoever wants more waits for its own to come free."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from msgspec import Struct

from shared.errors import Unavailable


class _Account(Struct, eq=False):
    room: asyncio.Semaphore
    visitors: int = 0


class Places:
    """Gives each account at most `most_each` places at once; what waits is bounded by whoever asks."""

    def __init__(self, most_each: int) -> None:
        self._most_each = most_each
        self._accounts: dict[UUID, _Account] = {}

    @asynccontextmanager
    async def take(self, account: UUID, seconds: float) -> AsyncIterator[None]:
        """Hold one place for the block; raise `Unavailable` where none comes free in time."""
        entry = self._accounts.setdefault(account, _Account(asyncio.Semaphore(self._most_each)))
        entry.visitors += 1
        try:
            await self._enter(entry, seconds)
            try:
                yield
            finally:
                entry.room.release()
        finally:
            entry.visitors -= 1
            if not entry.visitors:
                del self._accounts[account]

    async def _enter(self, entry: _Account, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await entry.room.acquire()
        except TimeoutError as error:
            raise Unavailable("the account's other requests take up its share of the connections") from error
