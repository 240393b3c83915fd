"""The dispatcher on real Postgres and real SMTP: once each, decided at the last moment, whatever goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.notifier.plans import Plans
from shared.database import Database, Listener
from shared.notifications import CHANNEL
from tests.notifier_dispatchers import dispatcher_for, running
from tests.notifier_world import AWAKE, Mailbox, World, standing_world


@pytest.fixture
async def world(database_url: str, database: Database) -> AsyncIterator[World]:
    async with standing_world(database_url, database) as made:
        yield made


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
