"""Endpoints that answer slowly, without end or not at all: cut at a limit, tried again, and nobody else's delay."""

import asyncio

from aiohttp import web

from services.console.accounts import Accounts
from services.console.webhook_body import WebhookDraft
from tests.polling import eventually
from tests.tenant import Tenant
from tests.webhook_world import Endpoint, Webhooks, forever, listening_endpoint


async def test_answer_without_end_is_cut_and_its_status_counts(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    written = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 4096)
                written += 4096
        except (ConnectionError, asyncio.CancelledError):
            return response

    endpoint.behave = endless
    async with webhooks.delivering():
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "delivered")
    (attempt,) = await webhooks.attempts(new)
    assert len(attempt["response"]) == 500
    assert written < 20_000_000  # what the kernel's buffers take, and no more


async def test_slow_answer_is_cut_at_the_deadline(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)

    async def silent(_request: web.Request) -> web.StreamResponse:
        await forever()
        return web.Response()

    endpoint.behave = silent
    async with webhooks.delivering(timeout_seconds=0.5):
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "pending", 1)
    (attempt,) = await webhooks.attempts(new)
    assert (attempt["reason"], attempt["status"]) == ("timeout", None)


async def test_slow_body_after_a_status_is_cut_and_the_status_counts(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)

    async def drips(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"so far")
        await forever()
        return response

    endpoint.behave = drips
    async with webhooks.delivering(timeout_seconds=0.5):
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "delivered")
    assert [row["response"] for row in await webhooks.attempts(new)] == ["so far"]


async def test_closed_connection_and_nobody_there_are_tried_again(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)

    async def slams(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.close()
        return web.Response()

    endpoint.behave = slams
    async with listening_endpoint() as leaving:
        gone = await webhooks.add(leaving)
    async with webhooks.delivering():
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "pending", 1)
        await webhooks.reaches(gone, event, "pending", 1)
    assert [row["reason"] for row in await webhooks.attempts(gone)] == ["unreachable"]
    assert (await webhooks.attempts(new))[0]["reason"] in ("broken_answer", "unreachable")


async def test_one_slow_endpoint_delays_no_other(webhooks: Webhooks, endpoint: Endpoint) -> None:
    slow = await webhooks.add(endpoint)
    release = asyncio.Event()

    async def stands(_request: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    endpoint.behave = stands
    for _ in range(30):
        event = await webhooks.tell()
    async with listening_endpoint() as quick, webhooks.delivering(concurrent_sends=8, endpoint_sends=3):
        await eventually(lambda: endpoint.underway == 3, what="as many as one may have")
        other = await webhooks.add(quick)
        for _ in range(5):
            event = await webhooks.tell()
            await webhooks.reaches(other, event, "delivered")
        assert endpoint.underway == 3
        release.set()
        await webhooks.reaches(slow, event, "delivered")
    assert endpoint.most_underway == 3
    assert len(endpoint.received) == 35


async def test_one_account_s_slow_endpoints_leave_room_for_others(
    webhooks: Webhooks, endpoint: Endpoint, accounts: Accounts
) -> None:
    other = Tenant(*await accounts.create("Another", ["admin"]))

    release = asyncio.Event()

    async def stands(_request: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    endpoint.behave = stands
    for _ in range(10):
        await webhooks.store.create(webhooks.key(), WebhookDraft(endpoint.url, ("*",)))
    for _ in range(4):
        await webhooks.tell()
    async with listening_endpoint() as quick, webhooks.delivering(concurrent_sends=8):
        await eventually(lambda: endpoint.underway == 4, what="half of all places")
        theirs = await webhooks.add(quick, account=other.id)
        event = await webhooks.tell(account=other.id)
        await webhooks.reaches(theirs, event, "delivered")
        assert endpoint.underway == 4
        release.set()
