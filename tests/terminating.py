"""Commands that start servers end them too when they are told to leave."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def until_told(work: Coroutine[Any, Any, T]) -> T:
    """Do the work, or as much of it as is done by SIGTERM: then it is cancelled, and clears up behind itself."""
    task = asyncio.ensure_future(work)
    # Once: told again, it would be torn out of its own clearing up.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: task.cancelling() or task.cancel())
    return await task
