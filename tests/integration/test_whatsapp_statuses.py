"""What WhatsApp tells later of a message: in any order, more than once, too early, or of one that nobody knows."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.console.whatsapp_hook import read_statuses
from services.notifier.claims import Claims
from services.notifier.preparation import Preparation
from shared.messages.rendering import Renderer
from tests.notifier_world import ACCOUNT, until
from tests.whatsapp_stage import Stage


async def test_a_failure_that_is_told_later_gives_one_e_mail_however_often_it_comes(stage: Stage) -> None:
    both = await stage.plan(await stage.order())
    async with stage.running():
        await stage.reaches(both.whatsapp, "sent")
        for _ in range(3):
            await stage.tell(stage.server.taken[0], "failed", 131026)
        await stage.reaches(both.email, "sent")
        await stage.tell(stage.server.taken[0], "failed", 131026)
        await stage.tell(stage.server.taken[0], "delivered")
    row = await stage.world.row(both.whatsapp)
    assert (row["state"], row["reason"][:7]) == ("failed", "131026:")
    assert len(stage.mailbox.mails) == 1
    assert [event["type"] for event in await stage.world.events()] == [
        "notification.sent",
        "notification.failed",
        "notification.sent",
    ]


@pytest.mark.parametrize(
    "told", [["delivered", "sent"], ["read"], ["read", "delivered", "sent", "failed"], ["sent", "sent", "delivered"]]
)
async def test_statuses_come_in_any_order_and_the_state_only_goes_forward(stage: Stage, told: list[str]) -> None:
    both = await stage.plan(await stage.order())
    async with stage.running():
        await stage.reaches(both.whatsapp, "sent")
        for status in told:
            await stage.tell(stage.server.taken[0], status)
        # ... and all of them at once.
        statuses = [one for status in told for one in read_statuses(stage.server.status(stage.server.taken[0], status))]
        await stage.inbox.keep(ACCOUNT, statuses)
        await stage.applying.apply()
    assert (await stage.world.row(both.whatsapp))["state"] == "delivered"
    assert not await stage.planned(both.email)
    assert await stage.world.sql.fetchval("SELECT count(*) FROM whatsapp_statuses") == 0
    assert [event["type"] for event in await stage.world.events()] == ["notification.sent"]


async def test_a_status_that_comes_before_the_answer_ends_the_attempt(stage: Stage) -> None:
    stage.server.gate = asyncio.Event()
    both = await stage.plan(await stage.order())

    async def taken() -> bool:
        return len(stage.server.taken) == 1

    async with stage.running():
        await until(taken)
        await stage.tell(stage.server.taken[0], "delivered")
        assert (await stage.world.row(both.whatsapp))["state"] == "delivered"
        stage.server.gate.set()
    row = await stage.world.row(both.whatsapp)
    assert (row["state"], row["reference"], row["claimed_until"]) == ("delivered", stage.server.taken[0]["id"], None)
    assert [event["type"] for event in await stage.world.events()] == ["notification.sent"]
    assert await stage.world.sql.fetchval("SELECT count(*) FROM attempts WHERE finished_at IS NULL") == 0


async def test_what_a_killed_notifier_handed_over_is_not_sent_again_once_whatsapp_tells_of_it(stage: Stage) -> None:
    both = await stage.plan(await stage.order())
    claims = Claims(
        stage.world.database, Preparation(Renderer()), lease_seconds=0, settle_seconds=0, is_behind=lambda: False
    )
    (claimed,) = (await claims.claim("whatsapp", 1)).claimed  # its notifier dies right after the hand-over
    channel = stage.channels()["whatsapp"]
    await channel.deliver(claimed.message)
    await channel.close()
    await stage.tell(stage.server.taken[0], "sent")
    async with stage.running():
        after = await stage.plan(await stage.order())
        await stage.reaches(after.whatsapp, "sent")
    assert (await stage.world.row(both.whatsapp))["state"] == "sent"
    assert len(stage.server.taken) == 2


async def test_a_message_in_doubt_is_settled_by_its_status(stage: Stage) -> None:
    stage.server.dropped = 1
    both = await stage.plan(await stage.order())

    async def in_doubt() -> bool:
        return "may have been taken" in str((await stage.world.row(both.whatsapp))["reason"])

    async with stage.running():
        await until(in_doubt)
        row = await stage.world.row(both.whatsapp)
        assert 100 < (row["due_at"] - datetime.now(UTC)).total_seconds() <= 120
        await stage.tell(stage.server.taken[0], "read")
        row = await stage.world.row(both.whatsapp)
    assert (row["state"], row["reason"]) == ("delivered", None)
    assert len(stage.server.taken) == 1
    assert [event["type"] for event in await stage.world.events()] == ["notification.sent"]


async def test_a_failure_of_an_earlier_try_says_nothing_of_the_one_that_arrived(stage: Stage) -> None:
    stage.server.dropped = 1
    both = await stage.plan(await stage.order())

    async def tried() -> bool:
        return len(stage.server.taken) == 1 and (await stage.world.row(both.whatsapp))["state"] == "planned"

    async with stage.running():
        await until(tried)
        await stage.world.sql.execute("UPDATE notifications SET due_at = now()")
        await stage.reaches(both.whatsapp, "sent")
        first = {**stage.server.taken[0]}
        body = stage.server.status(first, "failed", 131026).replace(
            b'"status"', b'"biz_opaque_callback_data": "%s", "status"' % first["biz_opaque_callback_data"].encode()
        )
        await stage.inbox.keep(ACCOUNT, read_statuses(body))
        await stage.applying.apply()
    assert (await stage.world.row(both.whatsapp))["state"] == "sent"
    assert not await stage.planned(both.email)


async def test_a_status_of_a_message_that_nobody_knows_is_dropped_and_holds_up_none(stage: Stage) -> None:
    await stage.world.sql.execute(
        """INSERT INTO whatsapp_statuses (account_id, reference, status)
           SELECT $1, 'wamid.' || n, 'sent' FROM generate_series(1, 300) AS n""",
        ACCOUNT,
    )
    both = await stage.plan(await stage.order())
    async with stage.running():
        await stage.reaches(both.whatsapp, "sent")
        await stage.tell(stage.server.taken[0], "delivered")
        for _ in range(4):
            await stage.applying.apply()
    assert (await stage.world.row(both.whatsapp))["state"] == "delivered"
    assert await stage.world.sql.fetchval("SELECT count(*) FROM whatsapp_statuses") == 300
    await stage.world.sql.execute(
        "UPDATE whatsapp_statuses SET due_at = now(), received_at = now() - interval '3 minutes'"
    )
    for _ in range(4):
        await stage.applying.apply()
    assert await stage.world.sql.fetchval("SELECT count(*) FROM whatsapp_statuses") == 0


async def test_another_account_s_status_moves_nothing(stage: Stage) -> None:
    both = await stage.plan(await stage.order())
    async with stage.running():
        await stage.reaches(both.whatsapp, "sent")
    message = stage.server.taken[0]
    await stage.inbox.keep(uuid4(), read_statuses(stage.server.status(message, "delivered")))
    await stage.tell(message, "sent")  # ... in the same look
    assert (await stage.world.row(both.whatsapp))["state"] == "sent"


async def test_a_delivered_message_is_delivered_for_all_its_invoices(stage: Stage) -> None:
    fields = {"payment_status": "overdue", "customer_email": "klant@bedrijf.nl"}
    plans = [await stage.plan(await stage.order(**fields), "reminder.due") for _ in range(3)]
    async with stage.running():
        for both in plans:
            await stage.reaches(both.whatsapp, "sent")
        await stage.tell(stage.server.taken[0], "delivered")
    assert {(await stage.world.row(both.whatsapp))["state"] for both in plans} == {"delivered"}
