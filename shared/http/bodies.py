"""Receiving a body: its declared type, its size, its deadline, and what all bodies together may hold in memory."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from aiohttp import web
from aiohttp.hdrs import CONTENT_ENCODING, CONTENT_TYPE
from aiohttp.web_request import BaseRequest

from shared.errors import Unavailable
from shared.http.problems import Problem, problem_of_status
from shared.shares import Shares


class BodyBudget:
    """What the bodies that are being received and worked on may hold together, in bytes; beyond it, 503."""

    def __init__(self, most_bytes: int) -> None:
        self._shares = Shares(most_bytes)

    def hold(self, request: BaseRequest, most_bytes: int, account: UUID | None = None) -> "Held":
        """Return what holds room for a body: as much as it declares, or the most it may have if it declares nothing.

        Where room is short, the account whose bodies fill it is refused before others.
        """
        declared = request.content_length
        return Held(self._shares, account, most_bytes if declared is None else min(declared, most_bytes))


class Held:
    """Room for one body; a context manager, of which there is one for each order: a class costs half of a generator."""

    def __init__(self, shares: Shares, account: UUID | None, size: int) -> None:
        self._shares = shares
        self._account = account
        self._size = size

    def __enter__(self) -> None:
        """Take the room, or raise `Unavailable`."""
        if not self._shares.allows(self._account, self._size):
            raise Unavailable("the bodies of other requests fill the memory set aside for them")
        self._shares.take(self._account, self._size)

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._shares.give_back(self._account, self._size)


def check_declared(request: web.Request, *, most_bytes: int, types: tuple[str, ...] = ("application/json",)) -> str:
    """Return the media type of a request that declares one of `types`, or raise the problem that its client sees."""
    if request.headers.get(CONTENT_ENCODING, "identity").strip().lower() != "identity":
        raise Problem(415, "unsupported_encoding", "Send the body as it is, without Content-Encoding")
    declared = request.headers.get(CONTENT_TYPE)
    if declared not in types:  # with parameters, or wrong
        if declared is None or request.content_type not in types:
            raise Problem(415, "unsupported_media_type", f"Send the body with Content-Type: {' or '.join(types)}")
        if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
            raise Problem(415, "unsupported_charset", "Send the body as UTF-8")
        declared = request.content_type
    length = request.content_length
    if length is not None and length > most_bytes:
        raise too_large(most_bytes)
    return declared


async def read_body(request: web.Request, *, most_bytes: int, seconds: float) -> bytes:
    """Return the whole body of a request."""
    if request.content.is_eof():  # a small one has mostly come in one packet with its head
        body = request.content.read_nowait()
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
