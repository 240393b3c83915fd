"""A TCP proxy before a real server, to take that server away from one test and leave it to all others."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_HOST = "127.0.0.1"
_CHUNK_BYTES = 65536


class Proxy:
    """Passes bytes on both ways, until it is cut (connections refused) or stalled (nothing passes any more)."""

    def __init__(self, url: str, *, host: str = _HOST, port: int = 0) -> None:
        self._target = urlsplit(url)
        self._host = host
        self._port = port
        self.held = 0
        """Chunks that wait, stalled, to be passed on."""
        self.accepted = 0
        """How many connections it has taken."""
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return the server's address by way of the proxy."""
        credentials, _, _ = self._target.netloc.rpartition("@")
        return self._target._replace(netloc=f"{credentials}@{self._host}:{self._port}").geturl()

    @property
    def port(self) -> int:
        """The port that it listens on, the same after it was cut."""
        return self._port

    async def cut(self) -> None:
        """Drop all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def stall(self) -> None:
        """Keep connections open, and take new ones, but pass nothing on."""
        self._flowing.clear()

    async def restore(self) -> None:
        """Pass everything on again, also what was held back."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, self._host, self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def __aenter__(self) -> Self:
        await self.restore()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = asyncio.current_task()
        if connection is not None:
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)
        with suppress(OSError, asyncio.CancelledError):
            await self._relay(reader, writer)
        writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._target.hostname is None:
            raise ValueError("the address has no host")
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        pumps = [
            asyncio.ensure_future(self._pump(reader, far_writer)),
            asyncio.ensure_future(self._pump(far_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK_BYTES):
            self.held += 1
            try:
                await self._flowing.wait()
            finally:
                self.held -= 1
            writer.write(chunk)
            await writer.drain()
