"""A list of orders as a CSV file, whole, streamed; one that is not whole never looks as if it were."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from aiohttp import web

from services.console import spreadsheet
from services.console.orders import OrdersReader, Shown
from services.console.selection import Selection
from shared.http.heads import complete_head
from shared.keys import ApiKey
from shared.telemetry import log

_HEADERS: Final = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="orders.csv"'}
_CHUNK_ORDERS: Final = 50
CLIENT_SECONDS: Final = 30
"""How long a client may take over a chunk: a connection to Postgres, and a snapshot of all orders, wait for it."""
_WHOLE_SECONDS: Final = 15 * 60
"""How long a whole file may take; dead rows pile up in Postgres for as long as somebody sees an old snapshot."""
_AT_ONCE: Final = struct.pack("ii", 1, 0)


async def stream_csv(
    request: web.Request, orders: OrdersReader, key: ApiKey, selection: Selection
) -> web.StreamResponse:
    """Answer a request with all orders of a list."""
    response = web.StreamResponse(headers=_HEADERS)
    response.content_type, response.charset = "text/csv", "utf-8"
    if request.method == "HEAD":
        return response
    transport = request.transport  # the request forgets it when the server stops
    try:
        async with asyncio.timeout(_WHOLE_SECONDS), orders.stream(key, selection) as found:
            chunks = _chunks(found)
            first: list[Shown] = await anext(chunks, [])
            complete_head(request, response)
            await response.prepare(request)
            await _write(response, spreadsheet.header() + spreadsheet.lines_of(first))
            async for chunk in chunks:
                await _write(response, spreadsheet.lines_of(chunk))
        await response.write_eof()
    except BaseException as error:
        if not response.prepared:  # an ordinary problem document can tell what is wrong
            raise
        log.warning("export.aborted", error=type(error).__name__)
        _reset(transport)
        if isinstance(error, Exception):
            raise ConnectionError("the export could not be finished") from error
        raise
    return response


async def _chunks(orders: AsyncIterator[Shown]) -> AsyncIterator[list[Shown]]:
    chunk: list[Shown] = []
    async for order in orders:
        chunk.append(order)
        if len(chunk) == _CHUNK_ORDERS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _write(response: web.StreamResponse, lines: bytes) -> None:
    async with asyncio.timeout(CLIENT_SECONDS):
        await response.write(lines)


def _reset(transport: asyncio.Transport | None) -> None:
    """End the connection so that the client must notice: HTTP/1.0 has no chunks, and an orderly end means success."""
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):  # closed already, by the client
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        transport.abort()
