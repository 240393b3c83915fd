"""Waiting with an end: for an event or a time, whichever comes first."""

import asyncio
from collections.abc import AsyncIterator


async def each(stopping: asyncio.Event, seconds: float) -> AsyncIterator[None]:
    """Yield at once and then every `seconds`, until `stopping` is set."""
    while not stopping.is_set():
        yield
        await wait_for(stopping, seconds)


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Wait until an event is set, for so many seconds at most; tell whether it is."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
