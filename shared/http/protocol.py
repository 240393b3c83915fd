"""aiohttp's connection, with what it lacks: a deadline for the head, a cap, and errors in our own form."""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any, cast
from uuid import uuid4

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from shared.errors import Unavailable
from shared.http.heads import complete_head
from shared.http.problems import CONTENT_TYPE, problem_of, problem_of_status
from shared.telemetry import log


class Connection(RequestHandler):
    """One client's connection; `head_seconds` is how long it may take over a request's line and headers.

    aiohttp's only deadline there is that for idle connections, which a client that sends a byte now and then never
    meets.
    """

    __slots__ = ("_head_deadline", "_head_seconds", "_most")

    def __init__(self, manager: web.Server, *, head_seconds: float, most: int, **options: Any) -> None:
        super().__init__(manager, **options)
        self._head_seconds = head_seconds
        self._most = most
        self._head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, unless there are as many as may be."""
        super().connection_made(transport)
        if self._manager is not None and len(self._manager._connections) > self._most:
            cast("asyncio.Transport", transport).write(_too_many_connections())
            self.force_close()
            return
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Parse, and start or end the deadline of the head that is being received."""
        super().data_received(data)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            if self._head_deadline is None:
                self._await_head()
        elif self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the deadline with the connection."""
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_deadline = self._loop.call_later(self._head_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_deadline = None
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            self.force_close()

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer with a whole head; a refusal that is aiohttp's own (an unknown Expect) in our form."""
        if isinstance(resp, web.HTTPException) and resp.status >= HTTPStatus.BAD_REQUEST:
            resp = problem_of(resp).response()
            resp.force_close()
        complete_head(request, resp)
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what aiohttp itself refuses as a problem document, without its own text, which echoes the request."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has been begun, there is no room for another")
        # A client that leaves in the middle of its body is no failure of ours.
        if status >= 500 and not isinstance(exc, ConnectionError):
            log.error("request.failed", exc_info=exc)
        response = problem_of_status(status).response()
        response.force_close()
        return response


def _too_many_connections() -> bytes:
    """Return an answer as bytes, for a connection that is not even listened to."""
    body = problem_of(Unavailable("too many connections")).document(uuid4().hex)
    encoded = msgspec.json.encode(body)
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(encoded)}\r\n\r\n"
    )
    return head.encode() + encoded


def connection_factory(manager: web.Server, *, head_seconds: float, most: int, **options: Any) -> Any:
    """Return what makes a connection for asyncio's server."""
    loop = asyncio.get_running_loop()
    return partial(Connection, manager, loop=loop, head_seconds=head_seconds, most=most, **options)
