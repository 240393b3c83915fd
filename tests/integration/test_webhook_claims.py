"""A delivery is one notifier's at a time, whichever of them dies, stops or comes too late."""

import asyncio

from aiohttp import web

from tests.polling import eventually
from tests.webhook_world import Endpoint, Webhooks, forever


async def test_two_notifiers_never_hold_the_same_delivery(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    release = asyncio.Event()

    async def holds_the_first(_request: web.Request) -> web.StreamResponse:
        if len(endpoint.received) == 1:
            await release.wait()
        return web.Response()

    endpoint.behave = holds_the_first
    async with webhooks.delivering(), webhooks.delivering():
        events = [await webhooks.tell()]
        await eventually(lambda: endpoint.underway == 1)
        for _ in range(6):
            events.append(await webhooks.tell())
            await webhooks.reaches(new, events[-1], "delivered")
        release.set()
        await webhooks.reaches(new, events[0], "delivered")
    assert sorted(endpoint.got()) == sorted(str(event.id) for event in events)


async def test_killed_notifier_s_delivery_is_taken_over_and_put_on_record(
    webhooks: Webhooks, endpoint: Endpoint
) -> None:
    new = await webhooks.add(endpoint)
    event = await webhooks.tell()
    # What a notifier leaves behind that dies after its claim: the row, with a lease that runs out.
    await webhooks.sql.execute(
        "UPDATE webhook_deliveries SET claim = $1, claimed_at = now(), attempts = 1, due_at = now()", event.id
    )
    async with webhooks.delivering():
        await webhooks.reaches(new, event, "delivered")
    rows = await webhooks.attempts(new)
    assert [(row["number"], row["outcome"]) for row in rows] == [(1, "abandoned"), (2, "delivered")]


async def test_late_result_of_a_lost_claim_changes_nothing(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    event = await webhooks.tell()
    started, release = asyncio.Event(), asyncio.Event()

    async def stands(_request: web.Request) -> web.StreamResponse:
        started.set()
        await release.wait()
        return web.Response(status=500)

    endpoint.behave = stands
    async with webhooks.delivering():
        await started.wait()
        await webhooks.sql.execute("UPDATE webhook_deliveries SET state = 'delivered', claim = NULL")
        release.set()
        await eventually(lambda: endpoint.underway == 0)
        endpoint.behave = None
        await webhooks.reaches(new, await webhooks.tell(), "delivered")
    assert (await webhooks.delivery(new, event))["state"] == "delivered"
    assert len(await webhooks.attempts(new)) == 1


async def test_stopping_gives_back_what_is_under_way(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    event = await webhooks.tell()

    async def stands(_request: web.Request) -> web.StreamResponse:
        await forever()
        return web.Response()

    endpoint.behave = stands
    async with webhooks.delivering():
        await eventually(lambda: endpoint.underway == 1)
    row = await webhooks.delivery(new, event)
    assert (row["state"], row["attempts"], row["claim"]) == ("pending", 0, None)
    assert await webhooks.attempts(new) == []


async def test_attempt_that_never_ends_is_given_up_in_the_end(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    event = await webhooks.tell()
    await webhooks.sql.execute("UPDATE webhook_deliveries SET attempts = 30")
    async with webhooks.delivering():
        await webhooks.reaches(new, event, "failed")
    assert endpoint.received == []
