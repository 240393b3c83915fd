"""Accounts take turns: a quiet one waits for one piece of a loud one's work, not for all of it."""

import asyncio
from uuid import UUID

import pytest

from services.gateway.turns import Schedule, Turns

LOUD, QUIET = UUID(int=1), UUID(int=2)


def drain(turns: Turns[str]) -> str:
    taken = ""
    while turns:
        following = turns.peek()
        assert turns.take() == following
        taken += following
    return taken


def test_what_one_account_waits_with_goes_in_the_order_it_came() -> None:
    turns: Turns[str] = Turns()
    for one in "abc":
        turns.add(LOUD, one)
    assert drain(turns) == "abc"


def test_accounts_are_served_in_turn() -> None:
    turns: Turns[str] = Turns()
    for one in "abcd":
        turns.add(LOUD, one)
    for one in "xy":
        turns.add(QUIET, one)
    assert drain(turns) == "axbycd"


async def test_where_little_is_to_do_nobody_waits() -> None:
    schedule = Schedule(slices=4)
    for _ in range(4):
        # A turn that suspended would need the loop.
        with pytest.raises(StopIteration):
            schedule.turn(LOUD).send(None)


async def test_quiet_account_works_before_what_the_loud_one_had_piled_up() -> None:
    schedule, done = Schedule(slices=2), []

    async def work(account: UUID, name: str) -> None:
        await schedule.turn(account)
        done.append(name)

    loud = [asyncio.ensure_future(work(LOUD, f"loud {number}")) for number in range(200)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    already = len(done)
    await work(QUIET, "quiet")
    assert already < 10
    assert done.index("quiet") <= already + 4
    await asyncio.gather(*loud)
    assert [name for name in done if name != "quiet"] == [f"loud {number}" for number in range(200)]


async def test_long_slice_makes_the_others_wait_for_the_next_turn_of_the_loop() -> None:
    schedule, done = Schedule(slices=2), []

    async def work(account: UUID, slices: int) -> None:
        await schedule.turn(account, slices)
        done.append(slices)

    works = [asyncio.ensure_future(work(LOUD, slices)) for slices in (5, 1, 1)]
    await asyncio.sleep(0)
    assert done == [5]
    await asyncio.gather(*works)
    assert done == [5, 1, 1]


async def test_who_leaves_while_it_waits_holds_up_nobody() -> None:
    schedule = Schedule(slices=1)
    await schedule.turn(LOUD)
    left, stays = (asyncio.ensure_future(schedule.turn(LOUD)) for _ in range(2))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait_for(stays, 5)
    # And whoever comes later is served too.
    await asyncio.wait_for(schedule.turn(QUIET), 5)
