"""Requests that wait for a worker's answer: told, or let go in time."""

import asyncio

from aiohttp import web

from services.gateway.answers import Answers
from shared.contracts import Settled, SettledBatch
from tests.submissions import submission


async def test_requests_are_told_what_became_of_their_submissions() -> None:
    answers, first, second = Answers(), submission("A"), submission("B")
    with answers.expect([first, second]) as expected, answers.expect([first]) as other:
        answers.take(SettledBatch([Settled(first.id, "applied"), Settled(second.id, "stale")]))
        told = await expected.collect(10)
        assert {id: one.state for id, one in told.items()} == {first.id: "applied", second.id: "stale"}
        assert (await other.collect(10)).keys() == {first.id}


async def test_when_time_runs_out_what_is_known_is_returned() -> None:
    answers, first, second = Answers(), submission("A"), submission("B")
    with answers.expect([first, second]) as expected:
        answers.take(SettledBatch([Settled(first.id, "applied")]))
        assert (await expected.collect(0.01)).keys() == {first.id}


async def test_whoever_waits_is_let_go_when_the_process_leaves() -> None:
    answers, one = Answers(), submission()
    with answers.expect([one]) as expected:
        waiting = asyncio.ensure_future(expected.collect(30))
        await asyncio.sleep(0)
        await answers.leave(web.Application())
        assert await asyncio.wait_for(waiting, 5) == {}
