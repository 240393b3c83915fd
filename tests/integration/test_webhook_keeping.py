"""What is kept of events and attempts: to be sent again, without who was erased, and no longer than it must."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from services.console.accounts import Accounts
from services.console.customers import Customers
from services.console.webhook_body import Range, WebhookDraft
from services.notifier.webhooks.housekeeping import Sweeps
from services.worker.store import Store
from shared.http.problems import Problem
from tests.polling import eventually
from tests.submissions import submission
from tests.tenant import Tenant
from tests.webhook_world import Endpoint, Webhooks


async def test_replays_send_one_event_or_a_range_again(webhooks: Webhooks, endpoint: Endpoint) -> None:
    missed = await webhooks.tell()
    new = await webhooks.add(endpoint, events=("payment.paid",))
    async with webhooks.delivering():
        first, other = await webhooks.tell(), await webhooks.tell("order.updated")
        await webhooks.reaches(new, first, "delivered")
        assert await webhooks.store.replay(webhooks.key(), new.id, first.id) == 1
        await eventually(lambda: endpoint.got() == [str(first.id)] * 2)
        await webhooks.reaches(new, first, "delivered")
        everything = Range(datetime.now(UTC) - timedelta(hours=1), None)
        assert await webhooks.store.replay(webhooks.key(), new.id, everything) == 2
        await eventually(lambda: sorted(endpoint.got()) == sorted([*[str(first.id)] * 3, str(missed.id)]))
        # Asked for by its id, one comes that its webhook does not want otherwise.
        assert await webhooks.store.replay(webhooks.key(), new.id, other.id) == 1
        await eventually(lambda: str(other.id) in endpoint.got())
        nothing = Range(datetime.now(UTC) - timedelta(hours=2), datetime.now(UTC) - timedelta(hours=1))
        assert await webhooks.store.replay(webhooks.key(), new.id, nothing) == 0


async def test_replay_of_what_is_not_there_is_refused(
    webhooks: Webhooks, endpoint: Endpoint, accounts: Accounts
) -> None:
    other = Tenant(*await accounts.create("Another", ["admin"]))
    theirs = await webhooks.tell(account=other.id)
    new = await webhooks.add(endpoint)
    for key, event, code in (
        (webhooks.key(), theirs.id, "event_not_found"),
        (webhooks.key(account=other.id), theirs.id, "webhook_not_found"),
        (webhooks.key(live=False), theirs.id, "webhook_not_found"),
    ):
        with pytest.raises(Problem) as caught:
            await webhooks.store.replay(key, new.id, event)
        assert caught.value.code == code
    await webhooks.store.change(webhooks.key(), new.id, WebhookDraft(enabled=False))
    with pytest.raises(Problem) as caught:
        await webhooks.store.replay(webhooks.key(), new.id, Range(datetime.now(UTC) - timedelta(days=1), None))
    assert (caught.value.status, caught.value.code) == (409, "webhook_disabled")


async def test_erased_person_is_left_out_of_what_is_sent_again(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    one = submission(account=webhooks.account, live=True, customerEmail="klant@bedrijf.nl")
    await Store(webhooks.database).settle([one])
    await webhooks.sql.execute("DELETE FROM outbox")
    endpoint.answers = [web.Response(text="thank you, De Groot")]
    async with webhooks.delivering():
        event = await webhooks.tell(id=str(one.order_id), customerEmail="klant@bedrijf.nl", total="10.00")
        await webhooks.reaches(new, event, "delivered")
        assert [row["response"] for row in await webhooks.attempts(new)] == ["thank you, De Groot"]
        assert await Customers(webhooks.database).erase(webhooks.key(), "klant@bedrijf.nl") == 1
        assert [row["response"] for row in await webhooks.attempts(new)] == [None]
        await webhooks.store.replay(webhooks.key(), new.id, event.id)
        await eventually(lambda: len(endpoint.received) == 2)
    before, after = [event["data"]["order"] for event in endpoint.received]
    assert (before["customerEmail"], before["customerName"]) == ("klant@bedrijf.nl", "De Groot é")
    assert (after["customerEmail"], after["customerName"], after["total"]) == (None, None, "10.00")


async def test_answer_that_comes_after_an_erasure_is_not_kept(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    one = submission(account=webhooks.account, live=True, customerEmail="klant@bedrijf.nl")
    await Store(webhooks.database).settle([one])
    await webhooks.sql.execute("DELETE FROM outbox")

    async def erases(_request: web.Request) -> web.StreamResponse:
        assert await Customers(webhooks.database).erase(webhooks.key(), "klant@bedrijf.nl") == 1
        return web.Response(text="thank you, De Groot")

    endpoint.behave = erases
    async with webhooks.delivering():
        event = await webhooks.tell(id=str(one.order_id), customerEmail="klant@bedrijf.nl", total="10.00")
        await webhooks.reaches(new, event, "delivered")
    assert [row["response"] for row in await webhooks.attempts(new)] == [None]


async def test_old_deliveries_attempts_and_secrets_leave(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    async with webhooks.delivering():
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "delivered")
    sweeps = Sweeps(webhooks.database, keep_days=4)
    await sweeps.sweep()
    assert len(await webhooks.attempts(new)) == 1
    await webhooks.sql.execute("UPDATE webhook_deliveries SET event_created_at = now() - interval '5 days'")
    await webhooks.sql.execute("UPDATE webhook_attempts SET id = '01900000-0000-7000-8000-000000000000'")
    await webhooks.store.rotate(webhooks.key(), new.id, timedelta(0))
    await sweeps.sweep()
    assert await webhooks.sql.fetchval("SELECT old_secret FROM webhooks") is None
    assert await webhooks.attempts(new) == []
    assert await webhooks.sql.fetchval("SELECT count(*) FROM webhook_deliveries") == 0


async def test_old_event_that_is_sent_again_is_not_swept_away_before(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    event = await webhooks.tell()
    await webhooks.sql.execute("UPDATE webhook_deliveries SET event_created_at = now() - interval '5 days'")
    await Sweeps(webhooks.database, keep_days=4).sweep()
    assert (await webhooks.delivery(new, event))["state"] == "pending"


async def test_event_that_is_kept_no_more_is_given_up(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    event = await webhooks.tell()
    await webhooks.sql.execute("DELETE FROM outbox")
    async with webhooks.delivering():
        await webhooks.reaches(new, event, "cancelled")
    assert endpoint.received == []
