"""WhatsApp first, and e-mail where it cannot be: on real Postgres and SMTP, and a Cloud API as it is documented."""

import asyncio
from uuid import uuid4

import pytest

from services.console.whatsapp_hook import read_statuses
from services.notifier.claims import Claims
from services.notifier.plans import Plans
from services.notifier.preparation import Preparation
from shared.messages.rendering import Renderer
from tests.notifier_world import ACCOUNT, until
from tests.whatsapp_stage import ON, PHONE, Stage


async def test_a_client_with_a_phone_gets_one_message_over_whatsapp(stage: Stage) -> None:
    both = await stage.plan(await stage.order())
    async with stage.running():
        row = await stage.reaches(both.whatsapp, "sent")
        await stage.tell(stage.server.taken[0], "delivered")
        await stage.reaches(both.whatsapp, "delivered")
    assert stage.server.faults == []
    assert stage.server.taken[0]["to"] == PHONE.removeprefix("+")
    assert row["text_body"].startswith(
        "Beste De Groot, hartelijk dank! Studio Jansen heeft €\u00a02.950,00 voor factuur"
    )
    assert (row["recipient"], row["html_body"], row["reference"]) == (PHONE, None, stage.server.taken[0]["id"])
    assert not await stage.planned(both.email)
    assert stage.mailbox.mails == []
    assert [event["type"] for event in await stage.world.events()] == ["notification.sent"]


async def test_whom_whatsapp_does_not_reach_gets_one_e_mail(stage: Stage) -> None:
    stage.server.codes = [131026]
    both = await stage.plan(await stage.order())
    async with stage.running():
        await stage.reaches(both.email, "sent")
        row = await stage.reaches(both.whatsapp, "failed")
    assert row["reason"].startswith("131026: the client's number does not receive WhatsApp messages")
    assert [mail["Message-ID"] for mail in stage.mailbox.mails] == [f"<{both.email.id}@bugalou.example>"]
    assert [(event["type"], event["data"]["notification"]["channel"]) for event in await stage.world.events()] == [
        ("notification.failed", "whatsapp"),
        ("notification.sent", "email"),
    ]


@pytest.mark.parametrize("code", [132001, 132015, 131049, 190, 131042])
async def test_whatever_stops_whatsapp_for_good_the_client_is_told(stage: Stage, code: int) -> None:
    stage.server.codes = [code]
    both = await stage.plan(await stage.order())
    async with stage.running():
        await stage.reaches(both.email, "sent")
        assert (await stage.world.row(both.whatsapp))["reason"].startswith(f"{code}: ")
    assert len(stage.mailbox.mails) == 1


@pytest.mark.parametrize("code", [130429, 131056, 131000, 80007])
async def test_what_passes_by_itself_is_tried_again_over_whatsapp(stage: Stage, code: int) -> None:
    stage.server.codes = [code]
    both = await stage.plan(await stage.order())

    async def put_off() -> bool:
        return str((await stage.world.row(both.whatsapp))["reason"]).startswith(f"{code}: ")

    async with stage.running():
        await until(put_off)
        assert (await stage.world.row(both.whatsapp))["state"] == "planned"
        await stage.world.sql.execute("UPDATE notifications SET due_at = now()")
        await stage.reaches(both.whatsapp, "sent")
    assert len(stage.server.taken) == 1
    assert not await stage.planned(both.email)


async def test_who_opted_out_is_asked_no_more_and_gets_e_mail(stage: Stage) -> None:
    stage.server.codes = [131050]
    first = await stage.plan(await stage.order())
    async with stage.running():
        await stage.reaches(first.email, "sent")
        requests = stage.server.requests
        second = await stage.plan(await stage.order())
        await stage.reaches(second.email, "sent")
    assert (await stage.world.row(second.whatsapp))["reason"] == "suppressed"
    assert stage.server.requests == requests
    assert await stage.world.sql.fetchval("SELECT address FROM suppressions") == PHONE


async def test_without_a_phone_or_without_access_e_mail_is_planned_at_once(stage: Stage) -> None:
    no_phone = await stage.plan(await stage.order(customer_phone=None))
    await stage.world.sql.execute("DELETE FROM whatsapp_accounts")
    no_access = await stage.plan(await stage.order())
    async with stage.running():
        for both in (no_phone, no_access):
            await stage.reaches(both.email, "sent")
            assert not await stage.planned(both.whatsapp)
    assert stage.server.requests == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE orders SET customer_phone = NULL", "no_phone"),
        ("DELETE FROM whatsapp_accounts", "not_set_up"),
        ("""UPDATE settings SET document = document || '{"channels": {"email": true}}'""", "switched_off"),
    ],
)
async def test_what_changes_after_the_plan_hands_over_to_e_mail(stage: Stage, change: str, reason: str) -> None:
    both = await stage.plan(await stage.order())
    await stage.world.sql.execute(change)
    async with stage.running():
        await stage.reaches(both.email, "sent")
    row = await stage.world.row(both.whatsapp)
    assert (row["state"], row["reason"]) == ("cancelled", reason)
    assert stage.server.requests == 0


async def test_nobody_to_reach_waits_for_either_address(stage: Stage) -> None:
    orders = [await stage.order(customer_phone=None, customer_email=None) for _ in range(2)]
    phone, email = [await stage.plan(order_id) for order_id in orders]
    async with stage.running():
        await stage.reaches(phone.whatsapp, "waiting")
        await stage.reaches(email.whatsapp, "waiting")
        await stage.world.change(orders[0], customer_phone=PHONE)
        await stage.world.change(orders[1], customer_email="klant@bedrijf.nl")
        await stage.reaches(phone.whatsapp, "sent")
        await stage.reaches(email.email, "sent")
    assert not await stage.planned(phone.email)


async def test_planned_once_though_the_account_switches_channels(stage: Stage) -> None:
    both = await stage.plan(await stage.order())
    await stage.world.set(**{**ON, "channels": {"email": True, "whatsapp": False}})
    plans = Plans(stage.world.database, settle_seconds=0)
    assert await plans.add([both.email, both.whatsapp]) == 0
    assert await stage.world.sql.fetchval("SELECT count(*) FROM notifications") == 1


async def test_with_e_mail_off_nobody_is_mailed_and_a_bad_token_only_delays(stage: Stage) -> None:
    await stage.world.set(**{**ON, "channels": {"email": False, "whatsapp": True}})
    stage.server.codes = [131026, 190]
    refused = await stage.plan(await stage.order())
    async with stage.running():
        await stage.reaches(refused.whatsapp, "failed")
        delayed = await stage.plan(await stage.order())

        async def tried() -> bool:
            return str((await stage.world.row(delayed.whatsapp))["reason"]).startswith("190: ")

        await until(tried)
        assert (await stage.world.row(delayed.whatsapp))["state"] == "planned"
    assert not await stage.planned(refused.email)
    assert stage.mailbox.mails == []


async def test_one_account_s_bad_token_never_holds_up_another(stage: Stage) -> None:
    other = uuid4()
    await stage.world.sql.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Other')", other)
    await stage.world.sql.execute("INSERT INTO settings SELECT $1, document FROM settings", other)
    await stage.give_access(other, token="expired-token")
    bad = [await stage.order(account_id=other) for _ in range(20)]
    plans = []
    for order_id in bad:
        planned = await stage.plan(order_id)
        await stage.world.sql.execute("UPDATE notifications SET account_id = $1 WHERE order_id = $2", other, order_id)
        plans.append(planned)
    good = await stage.plan(await stage.order())
    async with stage.running():
        await stage.reaches(good.whatsapp, "sent")
        for planned in plans:
            await stage.reaches(planned.email, "sent")
    assert stage.server.requests <= 1 + 5  # those that were under way together


async def test_an_account_that_rests_is_not_claimed_and_the_others_are(stage: Stage) -> None:
    stage.server.codes = [131016]
    both = await stage.plan(await stage.order())

    async def rests() -> bool:
        return str((await stage.world.row(both.whatsapp))["reason"]).startswith("131016")

    async with stage.running():
        await until(rests)
        row = await stage.world.row(both.whatsapp)
        assert (row["state"], row["attempts"]) == ("planned", 0)
        await stage.reaches(both.whatsapp, "sent")
    assert not await stage.planned(both.email)


async def test_a_claim_leaves_what_is_of_a_resting_account(stage: Stage) -> None:
    await stage.plan(await stage.order())
    await stage.plan(await stage.order(payment_status="overdue"), "reminder.due")
    claims = Claims(
        stage.world.database, Preparation(Renderer()), lease_seconds=30, settle_seconds=0, is_behind=lambda: False
    )
    nothing = await claims.claim("whatsapp", 5, [ACCOUNT])
    assert (nothing.claimed, nothing.found, nothing.next_due_seconds) == ([], 0, None)
    assert len((await claims.claim("whatsapp", 5, [uuid4()])).claimed) == 2


async def test_a_test_key_s_message_is_rendered_and_never_sent(stage: Stage) -> None:
    both = await stage.plan(await stage.order(livemode=False), live=False)
    async with stage.running():
        row = await stage.reaches(both.whatsapp, "simulated")
    assert "hartelijk dank!" in row["text_body"]
    assert stage.server.requests == 0


async def test_several_invoices_of_a_client_are_one_message_and_one_e_mail_in_its_place(stage: Stage) -> None:
    fields = {"payment_status": "overdue", "customer_email": "klant@bedrijf.nl"}
    plans = [await stage.plan(await stage.order(**fields), "reminder.due") for _ in range(3)]
    async with stage.running():
        for both in plans:
            await stage.reaches(both.whatsapp, "sent")
        assert len(stage.server.taken) == 1
        await stage.tell(stage.server.taken[0], "failed", 131026)
        for both in plans:
            await stage.reaches(both.email, "sent")
    (mail,) = stage.mailbox.mails
    assert mail["Subject"].startswith("Herinnering: 3 facturen staan nog open")
    assert {(await stage.world.row(both.whatsapp))["state"] for both in plans} == {"failed"}


async def test_many_messages_over_several_notifiers_are_each_sent_once(stage: Stage) -> None:
    plans = [await stage.plan(await stage.order(customer_phone=f"+316{10_000_000 + n}")) for n in range(40)]
    async with stage.running(), stage.running(), stage.running():
        for both in plans:
            await stage.reaches(both.whatsapp, "sent")
        statuses = [read_statuses(stage.server.status(message, "delivered"))[0] for message in stage.server.taken]
        await stage.inbox.keep(ACCOUNT, statuses)
        await asyncio.gather(*(stage.applying.apply() for _ in range(4)))
        for both in plans:
            await stage.reaches(both.whatsapp, "delivered")
    assert sorted(message["biz_opaque_callback_data"] for message in stage.server.taken) == sorted(
        str(both.whatsapp.id) for both in plans
    )
    assert [event["type"] for event in await stage.world.events()] == ["notification.sent"] * 40
