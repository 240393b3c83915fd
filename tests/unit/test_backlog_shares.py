"""A backlog near its limit is closed to the account that fills it, and open to the others."""

from uuid import UUID

import pytest

from services.gateway.backlog import Backlog
from shared.errors import Unavailable

LOUD, QUIET = UUID(int=1), UUID(int=2)


class Queue:
    """A queue of a given depth."""

    messages = 0

    async def depth(self, queue: str) -> int:
        return self.messages


class World:
    """A backlog that may hold 100 submissions, one a message."""

    def __init__(self) -> None:
        self.queue = Queue()
        self.backlog = Backlog(
            self.queue, "submissions", most_submissions=100, clock=lambda: 1_000_000_000, monotonic=lambda: 1000.0
        )

    async def holds(self, messages: int) -> None:
        self.queue.messages = messages
        await self.backlog.look()

    def admits(self, account: UUID) -> bool:
        try:
            self.backlog.check(account)
        except Unavailable:
            return False
        return True


async def test_one_account_alone_may_fill_it() -> None:
    world = World()
    world.backlog.count(LOUD, 1000)
    await world.holds(100)
    assert world.admits(LOUD)
    await world.holds(101)
    assert not world.admits(LOUD)


async def test_last_fifth_is_kept_from_whoever_fills_it() -> None:
    world = World()
    world.backlog.count(LOUD, 1000)
    world.backlog.count(QUIET, 3)
    await world.holds(80)
    assert (world.admits(LOUD), world.admits(QUIET)) == (True, True)
    await world.holds(81)
    assert (world.admits(LOUD), world.admits(QUIET)) == (False, True)
    with pytest.raises(Unavailable, match="backlog"):
        world.backlog.check(LOUD)
    await world.holds(101)
    assert (world.admits(LOUD), world.admits(QUIET)) == (False, False)


async def test_accounts_that_send_alike_are_treated_alike() -> None:
    world = World()
    for account in (LOUD, QUIET):
        world.backlog.count(account, 500)
    await world.holds(99)
    assert (world.admits(LOUD), world.admits(QUIET)) == (True, True)


async def test_what_was_sent_long_ago_is_forgotten() -> None:
    world = World()
    world.backlog.count(LOUD, 1000)
    for _ in range(200):
        await world.holds(90)
    world.backlog.count(QUIET, 10)
    assert (world.admits(LOUD), world.admits(QUIET)) == (True, True)
