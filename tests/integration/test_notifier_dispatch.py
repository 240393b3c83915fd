"""The dispatcher on real Postgres and real SMTP: once each, decided at the last moment, whatever goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.console.customers import Customers
from services.notifier.attempts import Attempts
from services.notifier.channels.email import EmailChannel
from services.notifier.channels.mime import Sender
from services.notifier.channels.smtp import Server, SmtpConnections
from services.notifier.claims import Claims
from services.notifier.dispatcher import Dispatcher
from services.notifier.outcome import Refused, Sent, result_of
from services.notifier.plans import Plans
from services.notifier.preparation import Preparation
from shared.database import Database, Listener
from shared.keys import ApiKey
from shared.messages.rendering import Renderer
from shared.notifications import CHANNEL
from tests.notifier_world import ACCOUNT, AWAKE, Mailbox, World, until

SENDER = Sender("Bugalou", "no-reply@bugalou.example")


@pytest.fixture
async def world(database_url: str, database: Database) -> AsyncIterator[World]:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Studio Jansen')", ACCOUNT)
    yield World(database_url, connection, database)
    await connection.close()


def claims_for(world: World, *, lease: float, is_behind: Callable[[], bool] = lambda: False) -> Claims:
    preparation = Preparation(Renderer())
    return Claims(world.database, preparation, lease_seconds=lease, settle_seconds=0, is_behind=is_behind)


def dispatcher_for(
    world: World, port: int, *, lease: float = 30, concurrent: int = 10, sweep: float = 0.3
) -> Dispatcher:
    server = Server(host="127.0.0.1", port=port, username=None, password=None, tls="none", timeout_seconds=5)
    channel = EmailChannel(
        SmtpConnections(server, own_name="test.example"), SENDER, deadline_seconds=10, clock=lambda: datetime.now(UTC)
    )
    claims = claims_for(world, lease=lease)
    return Dispatcher(
        "email",
        channel,
        claims,
        Attempts(world.database),
        concurrent=concurrent,
        sweep_seconds=sweep,
        lease_seconds=lease,
    )


class Refusing(asyncio.Protocol):
    """Hangs up at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@asynccontextmanager
async def running(*dispatchers: Dispatcher) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        for dispatcher in dispatchers:
            group.create_task(dispatcher.run())
        try:
            yield
        finally:
            for dispatcher in dispatchers:
                dispatcher.stop()


async def test_a_thank_you_is_sent_recorded_and_told(world: World, mailbox: Mailbox) -> None:
    planned = await world.plan(await world.order())
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(planned, "sent")
    assert mailbox.mails[0]["Message-ID"] == f"<{planned.id}@bugalou.example>"
    assert mailbox.mails[0]["X-Bugalou-Notification"] == "confirmation"
    assert "€\u00a02.950,00" in row["text_body"]
    assert (row["recipient"], row["language"], row["attempts"]) == (mailbox.recipients[0], "nl", 1)
    assert row["sent_at"] is not None
    assert row["claimed_until"] is None
    attempts = await world.sql.fetch("SELECT * FROM attempts")
    assert [(attempt["outcome"], attempt["response"]) for attempt in attempts] == [("sent", "kept")]
    (event,) = await world.events()
    assert event["type"] == "notification.sent"
    assert event["data"]["notification"] == {
        "id": str(planned.id),
        "kind": "confirmation",
        "step": 1,
        "channel": "email",
        "state": "sent",
    }
    assert event["data"]["order"]["id"] == str(planned.order_id)


async def test_several_notifiers_send_each_message_once(world: World, mailbox: Mailbox) -> None:
    planned = [await world.plan(await world.order()) for _ in range(60)]
    async with running(*(dispatcher_for(world, mailbox.port, concurrent=3) for _ in range(4))):
        for one in planned:
            await world.reaches(one, "sent")
    assert sorted(mail["Message-ID"] for mail in mailbox.mails) == sorted(
        f"<{one.id}@bugalou.example>" for one in planned
    )
    assert await world.sql.fetchval("SELECT count(*) FROM attempts") == 60
    assert len(mailbox.sessions) <= 12


async def test_a_plan_made_twice_is_one_message(world: World, mailbox: Mailbox) -> None:
    planned = await world.plan(await world.order())
    plans = Plans(world.database, settle_seconds=0)
    assert await plans.add([planned, planned]) == 0
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(planned, "sent")
        assert await plans.add([planned]) == 0
    assert len(mailbox.mails) == 1


async def test_the_order_is_read_again_right_before_sending(world: World, mailbox: Mailbox) -> None:
    await world.set(**AWAKE)
    order_id = await world.order(payment_status="overdue")
    planned = await world.plan(order_id, "reminder.due", settle=0.5)
    await world.sql.execute("UPDATE notifications SET due_at = now() + interval '0.5 seconds'")
    async with running(dispatcher_for(world, mailbox.port)):
        await world.change(order_id, payment_status="paid", amount_paid=2950)
        row = await world.reaches(planned, "cancelled", "sent")
    assert (row["state"], row["reason"]) == ("cancelled", "paid")
    assert mailbox.mails == []
    assert await world.events() == []


async def test_nothing_leaves_before_the_settle_time(world: World, mailbox: Mailbox) -> None:
    planned = await world.plan(await world.order(), settle=0.7)
    async with running(dispatcher_for(world, mailbox.port, sweep=5)):
        row = await world.reaches(planned, "sent")
    assert row["sent_at"] >= row["due_at"]
    assert (row["sent_at"] - row["due_at"]).total_seconds() < 1


async def test_the_account_decides_how_long_updates_may_come_to_rest(world: World, mailbox: Mailbox) -> None:
    await world.set(settleSeconds=600)
    planned = await world.plan(await world.order(), settle=0)
    due = await world.sql.fetchval("SELECT due_at > now() + interval '9 minutes' FROM notifications")
    assert due, planned


@pytest.mark.parametrize(
    ("settings", "event_type"),
    [({"channels": {"email": False}}, "payment.paid"), ({"ladder": []}, "reminder.due")],
)
async def test_what_the_account_has_switched_off_is_not_sent(
    world: World, mailbox: Mailbox, settings: dict[str, Any], event_type: str
) -> None:
    await world.set(**settings)
    status = "overdue" if event_type == "reminder.due" else "paid"
    planned = await world.plan(await world.order(payment_status=status), event_type)
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(planned, "cancelled", "sent")
    assert (row["state"], row["reason"]) == ("cancelled", "switched_off")


@pytest.mark.parametrize("first_due", [0, 1])
async def test_paid_refunded_paid_gives_one_thank_you(world: World, mailbox: Mailbox, first_due: int) -> None:
    early, late = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC), datetime(2026, 11, 22, 12, 0, 2, tzinfo=UTC)
    order_id = await world.order(paid_since=late)
    planned = [await world.plan(order_id, moment=moment, settle=0.3) for moment in (early, late)]
    await world.sql.execute("UPDATE notifications SET due_at = now() WHERE id = $1", planned[first_due].id)
    async with running(dispatcher_for(world, mailbox.port), dispatcher_for(world, mailbox.port)):
        await world.reaches(planned[1], "sent")
        row = await world.reaches(planned[0], "cancelled")
    assert row["reason"] == "superseded"
    assert len(mailbox.mails) == 1


async def test_an_older_run_whose_successor_is_not_planned_yet_is_superseded(world: World, mailbox: Mailbox) -> None:
    early, late = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC), datetime(2026, 11, 22, 12, 0, 2, tzinfo=UTC)
    planned = await world.plan(await world.order(paid_since=late), moment=early)
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(planned, "cancelled", "sent")
    assert row["reason"] == "superseded"


async def test_two_part_payments_at_once_give_one_message(world: World, mailbox: Mailbox) -> None:
    order_id = await world.order(payment_status="pending", amount_paid=200)
    first = await world.plan(order_id, "payment.partial", moment=datetime(2026, 11, 22, 12, tzinfo=UTC), settle=0.2)
    second = await world.plan(order_id, "payment.partial", moment=datetime(2026, 11, 22, 13, tzinfo=UTC), settle=0.2)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(second, "sent")
        await world.reaches(first, "cancelled")
    assert len(mailbox.mails) == 1
    assert "deelbetaling" in mailbox.mails[0]["Subject"]


async def test_an_address_that_comes_later_is_written_to_within_seconds(world: World, mailbox: Mailbox) -> None:
    order_id = await world.order(customer_email=None)
    planned = await world.plan(order_id)
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(planned, "waiting")
        assert row["reason"] == "no_address"
        assert 2.9 < (row["due_at"] - row["created_at"]).total_seconds() / 86_400 < 3.1
        await world.change(order_id, customer_email="laat@bedrijf.nl")
        await world.reaches(planned, "sent")
        assert mailbox.recipients == ["laat@bedrijf.nl"]


async def test_nobody_to_reach_for_three_days_is_given_up(world: World, mailbox: Mailbox) -> None:
    planned = await world.plan(await world.order(customer_email=None))
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(planned, "waiting")
        await world.sql.execute("UPDATE notifications SET due_at = now()")
        row = await world.reaches(planned, "cancelled")
    assert row["reason"] == "no_address"


async def test_test_mode_is_rendered_and_recorded_and_never_sent(world: World, mailbox: Mailbox) -> None:
    planned = await world.plan(await world.order(livemode=False), live=False)
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(planned, "simulated", "sent")
    assert row["state"] == "simulated"
    assert "2.950,00" in row["html_body"]
    assert mailbox.mails == []
    assert [event["data"]["notification"]["state"] for event in await world.events()] == ["simulated"]


async def test_a_refused_recipient_fails_with_the_reason_and_harms_no_other(world: World, mailbox: Mailbox) -> None:
    bad = await world.plan(await world.order(customer_email="weg@bedrijf.nl"))
    good = await world.plan(await world.order())
    mailbox.rcpt_answers["weg@bedrijf.nl"] = "550 5.1.1 no such user"
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(bad, "failed")
        await world.reaches(good, "sent")
    assert row["reason"] == "550 5.1.1 no such user"
    assert [event["type"] for event in await world.events()].count("notification.failed") == 1


async def test_a_message_that_is_put_off_is_tried_again_with_the_same_id(world: World, mailbox: Mailbox) -> None:
    planned = await world.plan(await world.order())
    mailbox.answers = ["451 4.7.1 later"]

    async def put_off() -> bool:
        return str((await world.row(planned))["reason"]) == "451 4.7.1 later"

    async with running(dispatcher_for(world, mailbox.port)):
        await until(put_off)
        row = await world.row(planned)
        assert row["state"] == "planned"
        assert 3 < (row["due_at"] - datetime.now(UTC)).total_seconds() < 7
        await world.sql.execute("UPDATE notifications SET due_at = now()")
        row = await world.reaches(planned, "sent")
    assert row["attempts"] == 2
    assert row["reason"] is None
    assert mailbox.mails[0]["Message-ID"] == f"<{planned.id}@bugalou.example>"


async def test_a_server_that_is_away_fails_nothing_and_all_leaves_when_it_is_back(
    world: World, mailbox: Mailbox
) -> None:
    planned = [await world.plan(await world.order()) for _ in range(12)]
    port = mailbox.port
    await mailbox.stop()
    async with running(dispatcher_for(world, port)):

        async def tried() -> bool:
            return bool(await world.sql.fetchval("SELECT count(*) FROM notifications WHERE reason LIKE '%away%'"))

        await until(tried)
        states = await world.sql.fetch("SELECT DISTINCT state, attempts FROM notifications WHERE state <> 'sending'")
        assert {(row["state"], row["attempts"]) for row in states} == {("planned", 0)}
        await mailbox.start(port)
        for one in planned:
            row = await world.reaches(one, "sent")
            assert row["attempts"] == 1
    assert len(mailbox.mails) == 12


async def test_a_server_that_is_away_is_asked_ever_more_seldom(world: World) -> None:
    asked: list[float] = []

    def refuse() -> asyncio.Protocol:
        asked.append(asyncio.get_running_loop().time())
        return Refusing()

    server = await asyncio.get_running_loop().create_server(refuse, "127.0.0.1", 0)
    for _ in range(5):
        await world.plan(await world.order())

    async def asked_three_times() -> bool:
        return len(asked) >= 3

    async with running(dispatcher_for(world, server.sockets[0].getsockname()[1], concurrent=1, sweep=0.05)):
        await until(asked_three_times)
    server.close()
    assert asked[1] - asked[0] >= 0.8
    assert asked[2] - asked[1] >= 1.6
    assert await world.sql.fetchval("SELECT count(*) FROM attempts") == 0


async def test_idle_connections_that_the_server_dropped_are_not_noticed(world: World, mailbox: Mailbox) -> None:
    async with running(dispatcher_for(world, mailbox.port)):
        for _ in range(3):
            planned = await world.plan(await world.order())
            row = await world.reaches(planned, "sent")
            assert row["attempts"] == 1
            mailbox.drop_connections()


async def test_connections_are_used_again(world: World, mailbox: Mailbox) -> None:
    async with running(dispatcher_for(world, mailbox.port)):
        for _ in range(3):
            await world.reaches(await world.plan(await world.order()), "sent")
    assert len(mailbox.sessions) == 1


async def test_international_addresses_are_sent_or_refused_with_a_reason(world: World, mailbox: Mailbox) -> None:
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(await world.plan(await world.order(customer_email="jürgen@münchen.de")), "sent")
    assert mailbox.recipients == ["jürgen@münchen.de"]
    old = Mailbox()
    await old.start(utf8=False)
    planned = await world.plan(await world.order(customer_email="jürgen@münchen.de"))
    domain = await world.plan(await world.order(customer_email="klant@münchen.de"))
    async with running(dispatcher_for(world, old.port)):
        row = await world.reaches(planned, "failed")
        await world.reaches(domain, "sent")
    await old.stop()
    assert "international" in row["reason"]


async def test_a_claim_that_ran_out_is_taken_over_and_the_late_result_changes_nothing(world: World) -> None:
    planned = await world.plan(await world.order())
    claims = claims_for(world, lease=30)
    (first,) = (await claims.claim("email", 5)).claimed
    assert (await claims.claim("email", 5)).claimed == []
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE notifications SET claimed_until = now() WHERE id = $1", planned.id)
    (second,) = (await claims.claim("email", 5)).claimed
    assert first.message.notification_id == second.message.notification_id == planned.id
    attempts = Attempts(world.database)
    assert not await attempts.finish(first, result_of(Sent("late"), 1, 0.5))
    assert (await world.row(planned))["state"] == "sending"
    assert await attempts.finish(second, result_of(Sent("ok"), 2, 0.5))
    assert (await world.row(planned))["state"] == "sent"
    assert len(await world.events()) == 1
    outcomes = await world.sql.fetch("SELECT outcome FROM attempts ORDER BY started_at")
    assert [row["outcome"] for row in outcomes] == ["retry", "sent"]
    assert (await world.row(planned))["attempts"] == 1


async def test_an_answer_that_comes_after_an_erasure_brings_no_address_back(world: World) -> None:
    planned = await world.plan(await world.order())
    (claimed,) = (await claims_for(world, lease=30).claim("email", 1)).claimed
    address = claimed.message.recipient
    key = ApiKey(uuid4(), ACCOUNT, True, "k", frozenset({"admin"}), None, None, None)
    assert await Customers(world.database).erase(key, address) == 1
    refusal = Refused(f"550 no such user <{address}>")
    assert await Attempts(world.database).finish(claimed, result_of(refusal, 1, 0.5))
    row = await world.row(planned)
    assert (row["state"], row["reason"], row["recipient"]) == ("failed", None, None)
    (attempt,) = await world.sql.fetch("SELECT outcome, response FROM attempts")
    assert tuple(attempt) == ("failed", None)


async def test_no_number_of_killed_notifiers_fails_a_message(world: World) -> None:
    planned = await world.plan(await world.order())
    claims = claims_for(world, lease=0)
    for _ in range(30):
        (claimed,) = (await claims.claim("email", 1)).claimed
        assert claimed.attempts == 1
    assert await Attempts(world.database).finish(claimed, result_of(Sent("ok"), 1, 0.5))
    assert (await world.row(planned))["state"] == "sent"


async def test_stopping_claims_no_more_and_finishes_what_is_under_way(world: World, mailbox: Mailbox) -> None:
    planned = [await world.plan(await world.order()) for _ in range(4)]
    mailbox.gate = asyncio.Event()
    dispatcher = dispatcher_for(world, mailbox.port, concurrent=2)

    async def both_under_way() -> bool:
        return len(mailbox.mails) == 2

    async with running(dispatcher):
        await until(both_under_way)
        dispatcher.stop()
        mailbox.gate.set()
    states = sorted([(await world.row(one))["state"] for one in planned])
    assert states == ["planned", "planned", "sent", "sent"]


async def test_a_plan_wakes_an_idle_dispatcher(world: World, mailbox: Mailbox) -> None:
    dispatcher = dispatcher_for(world, mailbox.port, sweep=60)
    listener = Listener(world.url, (CHANNEL,), dispatcher.wake)
    listening = asyncio.ensure_future(listener.run())
    async with running(dispatcher):
        await world.reaches(await world.plan(await world.order()), "sent")
        await world.reaches(await world.plan(await world.order(), settle=0.5), "sent")
    listener.stop()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_an_order_that_no_template_can_show_fails_alone(world: World, mailbox: Mailbox) -> None:
    bad = await world.plan(await world.order(items=json.dumps([{"name": "x", "price": "NaN!"}])))
    good = await world.plan(await world.order())
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(bad, "failed")
        await world.reaches(good, "sent")
    assert row["reason"] == "unrenderable"
