"""Each account has its own places, and waits for its own to come free."""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from shared.errors import Unavailable
from shared.places import Places

ONE, OTHER = UUID(int=1), UUID(int=2)


async def test_an_account_has_so_many_and_others_have_theirs() -> None:
    places = Places(2)
    async with AsyncExitStack() as held:
        for account in (ONE, ONE, OTHER, OTHER):
            await held.enter_async_context(places.take(account, 1))
        with pytest.raises(Unavailable):
            async with places.take(ONE, 0):
                pass


async def test_who_waits_gets_what_comes_free() -> None:
    places, entered = Places(1), asyncio.Event()

    async def visit() -> None:
        async with places.take(ONE, 10):
            entered.set()

    async with places.take(ONE, 1):
        waiting = asyncio.create_task(visit())
        await asyncio.sleep(0)
        assert not entered.is_set()
    await waiting
    assert entered.is_set()


async def test_nothing_is_kept_of_who_has_left_or_given_up() -> None:
    places = Places(1)
    async with places.take(ONE, 1):
        giving_up = asyncio.create_task(places.take(ONE, 10).__aenter__())
        await asyncio.sleep(0)
        giving_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await giving_up
    assert places._accounts == {}
    async with places.take(ONE, 0):
        pass
