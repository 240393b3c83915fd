"""Receiving a body: its declared type, its size, its deadline, and what all bodies together may hold in memory."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID

from aiohttp import web
from aiohttp.web_request import BaseRequest

from shared.errors import Unavailable
from shared.http.problems import Problem, problem_of_status
from shared.shares import Shares


class BodyBudget:
    """What the bodies that are being received and worked on may hold together, in bytes; beyond it, 503."""

    def __init__(self, most_bytes: int) -> None:
        self._shares = Shares(most_bytes)

    @contextmanager
    def hold(self, request: BaseRequest, most_bytes: int, account: UUID | None = None) -> Iterator[None]:
        """Hold room for a request's body: as much as it declares, or the most it may have where it declares nothing.

        Where room is short, the account whose bodies fill it is refused before others.
        """
        declared = request.content_length
        size = most_bytes if declared is None else min(declared, most_bytes)
        if not self._shares.allows(account, size):
            raise Unavailable("the bodies of other requests fill the memory set aside for them")
        self._shares.take(account, size)
        try:
            yield
        finally:
            self._shares.give_back(account, size)


def check_declared(request: web.Request, *, most_bytes: int, types: tuple[str, ...] = ("application/json",)) -> str:
    """Return the media type of a request that declares one of `types`, or raise the problem that its client sees."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Problem(415, "unsupported_encoding", "Send the body as it is, without Content-Encoding")
    if "Content-Type" not in request.headers or request.content_type not in types:
        raise Problem(415, "unsupported_media_type", f"Send the body with Content-Type: {' or '.join(types)}")
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise Problem(415, "unsupported_charset", "Send the body as UTF-8")
    if request.content_length is not None and request.content_length > most_bytes:
        raise too_large(most_bytes)
    return request.content_type


async def read_body(request: web.Request, *, most_bytes: int, seconds: float) -> bytes:
    """Return the whole body of a request."""
    if request.content.is_eof():  # a small one has mostly come in one packet with its head
        body = await request.content.readany()
        if len(body) > most_bytes:
            raise too_large(most_bytes)
        return body
    return b"".join([chunk async for chunk in receive(request, most_bytes=most_bytes, seconds=seconds)])


async def receive(request: web.Request, *, most_bytes: int, seconds: float) -> AsyncIterator[bytes]:
    """Yield a body as it arrives; all of it must have come within `seconds`."""
    deadline = asyncio.get_running_loop().time() + seconds
    received = 0
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await request.content.readany()
        except TimeoutError as error:
            raise problem_of_status(408, {"Connection": "close"}) from error
        if not chunk:
            return
        received += len(chunk)
        if received > most_bytes:
            raise too_large(most_bytes)
        yield chunk


def too_large(most_bytes: int) -> Problem:
    """Return the problem of a body above its limit."""
    sentence = f"The body may have at most {most_bytes} bytes here: send less at a time"
    return Problem(413, "body_too_large", sentence, headers={"Connection": "close"})
