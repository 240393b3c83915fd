"""Looking names up in threads that hold up nobody: neither the names of other servers, nor the end of the process.

getaddrinfo cannot be cancelled, and may take longer than a delivery. In the loop's own few threads, the names of one
slow server would stop all others; and Python's pools of threads are waited for when a process ends.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

Found = list[tuple[Any, ...]]
"""What getaddrinfo returns."""


def _getaddrinfo(host: str, port: int) -> Found:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


class Names:
    """Looks up at most `most` names at once; `resolve` blocks, and raises OSError where there is no such name."""

    def __init__(self, most: int, resolve: Callable[[str, int], Found] = _getaddrinfo) -> None:
        self._room = asyncio.Semaphore(most)
        self._resolve = resolve

    async def look_up(self, host: str, port: int) -> Found:
        """Return the addresses of a name. Whoever gives up leaves the thread behind, in its place until it ends."""
        await self._room.acquire()
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Found] = loop.create_future()

        def end(found: Found | Exception) -> None:
            self._room.release()
            if waiting.done():
                return
            if isinstance(found, Exception):
                waiting.set_exception(found)
            else:
                waiting.set_result(found)

        def work() -> None:
            found: Found | Exception
            try:
                found = self._resolve(host, port)
            except Exception as error:  # it is of whoever asked
                found = error
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(end, found)

        try:
            Thread(target=work, name="webhook names", daemon=True).start()
        except RuntimeError as error:  # no more threads
            end(OSError(str(error)))
        return await waiting
