"""Bodies that anybody may send: what they hold in memory together, and what those of one sender do."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from shared.errors import Unavailable
from shared.http.bodies import receive
from shared.http.clients import client_address


class Strangers:
    """Receives bodies of senders that are not known yet.

    Only what has come of a body takes up room, so that who announces much and sends little keeps nobody out; and only
    so much is one sender's.
    """

    def __init__(self, *, most_bytes: int, most_bytes_of_one: int) -> None:
        self._most_bytes = most_bytes
        self._most_bytes_of_one = most_bytes_of_one
        self._held: Counter[str] = Counter()

    @asynccontextmanager
    async def body(self, request: web.Request, *, most_bytes: int, seconds: float) -> AsyncIterator[bytes]:
        """Give the whole body, which has come within `seconds`; its room is free when the block ends.

        Raise `Unavailable` where there is none for it.
        """
        sender = client_address(request)
        chunks: list[bytes] = []
        try:
            async for chunk in receive(request, most_bytes=most_bytes, seconds=seconds):
                chunks.append(chunk)
                self._held[sender] += len(chunk)
                if self._held[sender] > self._most_bytes_of_one or self._held.total() > self._most_bytes:
                    raise Unavailable("the bodies of other requests fill the memory set aside for them")
            yield b"".join(chunks)
        finally:
            self._held[sender] -= sum(map(len, chunks))
            if not self._held[sender]:
                del self._held[sender]
