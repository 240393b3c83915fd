"""Events reach webhooks: signed, once where it goes well, again where it does not, and never where it must not."""

from datetime import timedelta

import msgspec
from aiohttp import web

from services.console.accounts import Accounts
from services.console.webhook_body import WebhookDraft
from services.notifier.webhooks.housekeeping import Sweeps
from tests.polling import eventually
from tests.tenant import Tenant
from tests.webhook_world import Endpoint, Webhooks, listening_endpoint


async def test_an_event_arrives_signed_and_exactly_as_consumers_get_it(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    async with webhooks.delivering():
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "delivered")
    assert endpoint.bodies == [msgspec.json.encode(event)]
    assert {"type", "timestamp", "data"} <= set(endpoint.received[0])
    headers = endpoint.headers[0]
    assert (headers["webhook-id"], headers["content-type"]) == (str(event.id), "application/json")
    (attempt,) = await webhooks.attempts(new)
    assert (attempt["outcome"], attempt["status"], attempt["number"]) == ("delivered", 200, 1)
    assert (attempt["response"], attempt["event_type"]) == ("taken", "payment.paid")
    assert attempt["milliseconds"] >= 0


async def test_only_wanted_events_of_its_account_and_world_arrive(
    webhooks: Webhooks, endpoint: Endpoint, accounts: Accounts
) -> None:
    other = Tenant(*await accounts.create("Another", ["admin"]))
    new = await webhooks.add(endpoint, events=("payment.paid", "payment.overdue"))
    async with listening_endpoint() as tests, webhooks.delivering():
        of_tests = await webhooks.add(tests, live=False)
        await webhooks.tell("order.updated")
        await webhooks.tell(account=other.id)
        simulated = await webhooks.tell(live=False)
        wanted = await webhooks.tell("payment.overdue")
        await webhooks.reaches(new, wanted, "delivered")
        await webhooks.reaches(of_tests, simulated, "delivered")
    assert endpoint.got() == [str(wanted.id)]
    assert tests.got() == [str(simulated.id)]


async def test_carrying_an_event_twice_sends_it_once(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    async with webhooks.delivering():
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "delivered")
        await webhooks.sql.execute("UPDATE outbox SET sent_at = NULL")
        await webhooks.carry()
        after = await webhooks.tell()
        await webhooks.reaches(new, after, "delivered")
    assert endpoint.got() == [str(event.id), str(after.id)]


async def test_500_is_tried_again_with_the_same_id_and_a_new_signature(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    endpoint.answers = [web.Response(status=500, text="out of order\r\n\x00"), web.Response(status=204)]
    async with webhooks.delivering():
        event = await webhooks.tell()
        row = await webhooks.reaches(new, event, "pending", 1)
        assert timedelta(seconds=2) < row["due_in"] < timedelta(seconds=6.5)
        failing = await webhooks.webhook(new)
        assert failing["failingSince"] is not None
        await webhooks.hasten()
        await webhooks.reaches(new, event, "delivered")
    assert endpoint.got() == [str(event.id)] * 2
    assert {headers["webhook-id"] for headers in endpoint.headers} == {str(event.id)}
    first, second = await webhooks.attempts(new)
    assert (first["outcome"], first["status"], first["reason"]) == ("retry", 500, "status")
    assert first["response"] == "out of order"
    assert first["next_try_at"] is not None
    assert (second["outcome"], second["status"], second["number"]) == ("delivered", 204, 2)
    assert (await webhooks.webhook(new))["failingSince"] is None


async def test_after_the_last_attempt_it_fails_for_good(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    endpoint.answers = [web.Response(status=500) for _ in range(20)]
    async with webhooks.delivering():
        event = await webhooks.tell()
        for attempts in range(1, 10):
            await webhooks.reaches(new, event, "pending", attempts)
            await webhooks.hasten()
        await webhooks.reaches(new, event, "failed")
    rows = await webhooks.attempts(new)
    assert [row["number"] for row in rows] == list(range(1, 11))
    assert (rows[-1]["outcome"], rows[-1]["next_try_at"]) == ("failed", None)
    assert (await webhooks.webhook(new))["enabled"]


async def test_redirect_is_a_failure_and_is_not_followed(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    endpoint.answers = [web.Response(status=302, headers={"Location": "/elsewhere"})]
    async with webhooks.delivering():
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "pending", 1)
    assert endpoint.paths == ["/hook"]
    assert [(row["status"], row["reason"]) for row in await webhooks.attempts(new)] == [(302, "redirect")]


async def test_410_disables_at_once_and_what_waits_is_cancelled(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    endpoint.answers = [web.Response(status=410)]
    waiting = await webhooks.tell()
    await webhooks.sql.execute("UPDATE webhook_deliveries SET due_at = now() + interval '1 hour'")
    async with webhooks.delivering():
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "failed")
        await Sweeps(webhooks.database, keep_days=30).sweep()
        await webhooks.reaches(new, waiting, "cancelled")
        later = await webhooks.tell()
    assert await webhooks.sql.fetchval("SELECT count(*) FROM webhook_deliveries WHERE event_id = $1", later.id) == 0
    shown = await webhooks.webhook(new)
    assert (shown["enabled"], shown["disabledReason"]) == (False, "gone")
    assert len(endpoint.received) == 1


async def test_five_days_of_failure_disable_and_enabling_starts_anew(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    endpoint.answers = [web.Response(status=500) for _ in range(3)]
    async with webhooks.delivering():
        event = await webhooks.tell()
        await webhooks.reaches(new, event, "pending", 1)
        await webhooks.age("failing_since", timedelta(days=4, hours=23))
        await webhooks.hasten()
        await webhooks.reaches(new, event, "pending", 2)
        assert (await webhooks.webhook(new))["enabled"]
        await webhooks.age("failing_since", timedelta(hours=2))
        await webhooks.hasten()

        async def is_disabled() -> bool:
            return bool((await webhooks.webhook(new))["disabledReason"] == "failing")

        await eventually(is_disabled)
        again = await webhooks.store.change(webhooks.key(), new.id, WebhookDraft(enabled=True))
        assert (again["enabled"], again["disabledReason"], again["failingSince"]) == (True, None, None)
        after = await webhooks.tell()
        await webhooks.reaches(new, after, "delivered")


async def test_retry_after_holds_for_everything_that_its_webhook_waits_for(
    webhooks: Webhooks, endpoint: Endpoint
) -> None:
    new = await webhooks.add(endpoint)
    endpoint.answers = [web.Response(status=429, headers={"Retry-After": "120"})]
    async with listening_endpoint() as other, webhooks.delivering():
        event = await webhooks.tell()
        row = await webhooks.reaches(new, event, "pending", 1)
        assert timedelta(seconds=100) < row["due_in"] <= timedelta(seconds=120)
        free = await webhooks.add(other)
        second = await webhooks.tell()
        await webhooks.reaches(free, second, "delivered")
        assert (await webhooks.delivery(new, second))["attempts"] == 0
        assert (await webhooks.webhook(new))["pausedUntil"] is not None
        await webhooks.hasten()
        await webhooks.reaches(new, second, "delivered")
