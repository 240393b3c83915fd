"""Events reach webhooks: signed, once where it goes well, again where it does not, and never where it must not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest
from aiohttp import web

from services.console.accounts import Accounts
from services.console.customers import Customers
from services.console.webhook_body import Range, WebhookDraft
from services.notifier.webhooks.housekeeping import Sweeps
from services.worker.store import Store
from shared.database import Database
from shared.http.problems import Problem
from tests.polling import eventually
from tests.submissions import submission
from tests.tenant import Tenant
from tests.webhook_world import Endpoint, Webhooks, forever, listening_endpoint


@pytest.fixture
async def webhooks(database_url: str, database: Database, account: Tenant) -> AsyncIterator[Webhooks]:
    connection = await asyncpg.connect(database_url)
    try:
        yield Webhooks(database_url, database, account.id, connection)
    finally:
        await connection.close()


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening_endpoint() as started:
        yield started


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


async def test_rotation_signs_with_both_secrets_and_then_with_the_new_one(
    webhooks: Webhooks, endpoint: Endpoint
) -> None:
    new = await webhooks.add(endpoint)
    rotated = await webhooks.store.rotate(webhooks.key(), new.id, timedelta(hours=1))
    endpoint.secrets.append(rotated.secret)  # both verify all that comes
    async with webhooks.delivering():
        await webhooks.reaches(new, await webhooks.tell(), "delivered")
        await webhooks.sql.execute("UPDATE webhooks SET old_secret_until = now()")
        endpoint.secrets.remove(new.secret)
        await webhooks.reaches(new, await webhooks.tell(), "delivered")
    both, one = [headers["webhook-signature"].split(" ") for headers in endpoint.headers]
    assert (len(both), len(one)) == (2, 1)
    assert all(signature.startswith("v1,") for signature in both)


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


async def test_secrets_are_nowhere_in_the_database_in_the_clear(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    rotated = await webhooks.store.rotate(webhooks.key(), new.id, timedelta(hours=1))
    async with webhooks.delivering():
        endpoint.secrets.append(rotated.secret)
        await webhooks.reaches(new, await webhooks.tell(), "delivered")
    tables = await webhooks.sql.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    whole = ""
    for table in tables:
        rows = await webhooks.sql.fetch(f'SELECT t::text FROM "{table[0]}" AS t')
        whole += "".join(row[0] for row in rows)
    assert str(new.id) in whole
    for secret in (new.secret, rotated.secret):
        assert secret not in whole
        assert secret.removeprefix("whsec_") not in whole


async def test_secret_that_cannot_be_opened_waits_for_the_operator_and_blames_nobody(
    webhooks: Webhooks, endpoint: Endpoint
) -> None:
    new = await webhooks.add(endpoint)
    await webhooks.sql.execute("UPDATE webhooks SET secret = 'gAAAAABk' || repeat('a', 92)")
    async with webhooks.delivering():
        event = await webhooks.tell()

        async def put_off() -> bool:
            return bool((await webhooks.delivery(new, event))["due_in"] > timedelta(seconds=50))

        await eventually(put_off)
        row = await webhooks.reaches(new, event, "pending")
    assert row["attempts"] == 0
    assert (await webhooks.webhook(new))["failingSince"] is None
    assert endpoint.received == []


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


async def test_attempt_that_never_ends_is_given_up_in_the_end(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    event = await webhooks.tell()
    await webhooks.sql.execute("UPDATE webhook_deliveries SET attempts = 30")
    async with webhooks.delivering():
        await webhooks.reaches(new, event, "failed")
    assert endpoint.received == []
