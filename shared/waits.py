"""Waiting with an end: for an event or a time, whichever comes first."""

import asyncio


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Wait until an event is set, for so many seconds at most; tell whether it is."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
