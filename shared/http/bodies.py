"""Receiving a JSON body: its declared type, its size and its deadline."""

import asyncio

from aiohttp import web

from shared.http.problems import Problem, problem_of_status


async def read_json_body(request: web.Request, *, most_bytes: int, seconds: float, also: tuple[str, ...] = ()) -> bytes:
    """Return the body of a request that declares JSON (or one of `also`), or raise the problem that its client sees."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Problem(415, "unsupported_encoding", "Send the body as it is, without Content-Encoding")
    if request.content_type not in ("application/json", *also) or "Content-Type" not in request.headers:
        raise Problem(415, "unsupported_media_type", "Send the body with Content-Type: application/json")
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise Problem(415, "unsupported_charset", "Send the body as UTF-8")
    if request.content_length is not None and request.content_length > most_bytes:
        raise too_large(most_bytes)
    try:
        async with asyncio.timeout(seconds):
            body = await request.read()
    except TimeoutError as error:
        raise problem_of_status(408, {"Connection": "close"}) from error
    except web.HTTPRequestEntityTooLarge as error:
        raise too_large(most_bytes) from error
    if len(body) > most_bytes:
        raise too_large(most_bytes)
    return body


def too_large(most_bytes: int) -> Problem:
    """Return the problem of a body above its limit."""
    return Problem(413, "body_too_large", f"The body may have at most {most_bytes} bytes here: send less at a time")
