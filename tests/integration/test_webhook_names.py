"""Looking names up: bounded, and in nobody's way."""

import asyncio
import subprocess
import sys
from threading import Event
from typing import Any

import pytest

from services.notifier.webhooks.names import Names

PLACE: list[tuple[Any, ...]] = [(2, 1, 6, "", ("192.0.2.1", 443))]
STUCK = """
import asyncio, time
from services.notifier.webhooks.names import Names

async def main() -> None:
    names = Names(1, lambda host, port: time.sleep(3600))
    try:
        await asyncio.wait_for(names.look_up("slow.example", 443), 0.01)
    except TimeoutError:
        print("gave up")

asyncio.run(main())
"""


async def test_a_name_gives_its_addresses_or_why_it_has_none() -> None:
    def resolve(host: str, _port: int) -> list[tuple[Any, ...]]:
        if host == "none.example":
            raise OSError("no such name")
        return PLACE

    names = Names(1, resolve)
    assert await names.look_up("a.example", 443) == PLACE
    with pytest.raises(OSError, match="no such name"):
        await names.look_up("none.example", 443)
    assert await names.look_up("a.example", 443) == PLACE


async def test_who_gives_up_leaves_a_thread_behind_which_counts_until_it_ends() -> None:
    answered = Event()

    def resolve(host: str, _port: int) -> list[tuple[Any, ...]]:
        if host == "slow.example":
            answered.wait()
        return PLACE

    names = Names(1, resolve)
    slow = asyncio.create_task(names.look_up("slow.example", 443))
    await asyncio.sleep(0)
    slow.cancel()
    await asyncio.wait((slow,))
    other = asyncio.create_task(names.look_up("a.example", 443))
    await asyncio.sleep(0)
    assert not other.done()
    answered.set()
    assert await other == PLACE


def test_a_process_ends_though_a_name_is_still_looked_up() -> None:
    done = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "gave up\n"
