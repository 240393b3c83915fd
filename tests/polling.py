"""Waiting for what becomes true by itself, to a deadline: tests never sleep for a time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")
_PAUSE_SECONDS = 0.02


@overload
async def eventually(look: Callable[[], Awaitable[T]], *, within: float = ..., what: str = ...) -> T: ...
@overload
async def eventually(look: Callable[[], T], *, within: float = ..., what: str = ...) -> T: ...
async def eventually(look: Callable[[], Any], *, within: float = 20.0, what: str = "") -> Any:
    """Return the first truthy result of `look`; fail with the last one when the time is over."""
    deadline = time.monotonic() + within
    while True:
        result = look()
        seen = await result if inspect.isawaitable(result) else result
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or look} (last seen: {seen!r})")
        await asyncio.sleep(_PAUSE_SECONDS)
