"""Rounds follow each other at once, after a rest or a wake, or after the server that was away has had some time."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from shared.errors import DatabaseUnavailable
from shared.rounds import Rounds

NEVER = 3600.0


class Work:
    """Ends one round after the other as the test says, with a rest or an error, and tells which have begun."""

    def __init__(self) -> None:
        self.begun = 0
        self._ends: asyncio.Queue[float | Exception] = asyncio.Queue()
        self._news = asyncio.Condition()

    def end(self, how: float | Exception) -> None:
        self._ends.put_nowait(how)

    async def do(self) -> float:
        async with self._news:
            self.begun += 1
            self._news.notify_all()
        how = await self._ends.get()
        if isinstance(how, Exception):
            raise how
        return how

    async def until(self, begun: int) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: self.begun >= begun)


@pytest.fixture
def work() -> Work:
    return Work()


def rounds_of(work: Work, *, retry_seconds: float = NEVER) -> Rounds:
    return Rounds(
        work.do, waits_out=DatabaseUnavailable, event="work.waiting", level=logging.INFO, retry_seconds=retry_seconds
    )


@pytest.fixture
async def rounds(work: Work) -> AsyncIterator[Rounds]:
    rounds = rounds_of(work)
    running = asyncio.create_task(rounds.run())
    yield rounds
    rounds.stop()
    work.end(NEVER)
    async with asyncio.timeout(10):
        await running


async def turns_of_the_loop() -> None:
    """Let everything happen that needs no time."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_where_there_is_more_the_next_round_follows_at_once(work: Work, rounds: Rounds) -> None:
    work.end(0.0)
    work.end(0.0)
    await work.until(3)


async def test_a_rest_ends_by_itself(work: Work, rounds: Rounds) -> None:
    work.end(0.001)
    await work.until(2)


async def test_a_wake_ends_the_rest(work: Work, rounds: Rounds) -> None:
    work.end(NEVER)
    await work.until(1)
    await turns_of_the_loop()
    assert work.begun == 1
    rounds.wake()
    await work.until(2)


async def test_a_wake_in_the_midst_of_a_round_leads_to_another(work: Work, rounds: Rounds) -> None:
    await work.until(1)
    rounds.wake()
    work.end(NEVER)
    await work.until(2)


async def test_what_is_waited_out_is_told_and_tried_again(work: Work) -> None:
    rounds = rounds_of(work, retry_seconds=0.001)
    running = asyncio.create_task(rounds.run())
    with capture_logs() as lines:
        work.end(DatabaseUnavailable("it is away"))
        await work.until(2)
    assert lines == [{"event": "work.waiting", "log_level": "info", "reason": "it is away"}]
    rounds.stop()
    work.end(NEVER)
    await running


async def test_a_wake_does_not_hurry_the_retry_and_a_stop_does(work: Work, rounds: Rounds) -> None:
    work.end(DatabaseUnavailable("it is away"))
    await work.until(1)
    await turns_of_the_loop()
    rounds.wake()
    await turns_of_the_loop()
    assert work.begun == 1  # and the fixture's stop need not wait for an hour


async def test_any_other_error_ends_the_rounds(work: Work) -> None:
    running = asyncio.create_task(rounds_of(work).run())
    work.end(ValueError("a mistake of ours"))
    with pytest.raises(ValueError, match="a mistake"):
        await running


async def test_a_stop_lets_the_round_finish_and_no_other_begin(work: Work) -> None:
    rounds = rounds_of(work)
    running = asyncio.create_task(rounds.run())
    await work.until(1)
    rounds.stop()
    await turns_of_the_loop()
    assert not running.done()
    work.end(0.0)
    await running
    assert work.begun == 1


async def test_a_stop_before_the_start_leaves_nothing_to_do(work: Work) -> None:
    rounds = rounds_of(work)
    rounds.stop()
    await rounds.run()
    assert not work.begun
