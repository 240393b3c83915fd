"""Reminders on real Postgres and SMTP: one message a client a day, held while it is quiet, stopped once settled."""

import re
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.notifier.attempts import Attempts
from services.notifier.notification import Planned
from services.notifier.outcome import PutOff, Sent, result_of
from shared.database import Database
from shared.dunning import ASKED
from tests.notifier_dispatchers import claims_for, dispatcher_for, running
from tests.notifier_world import ACCOUNT, AWAKE, Mailbox, World
from tests.qr_codes import read_code

CLIENT = "klant@bedrijf.nl"
IBAN = "NL91ABNA0417164300"


@pytest.fixture
async def world(database_url: str, database: Database) -> AsyncIterator[World]:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Studio Jansen')", ACCOUNT)
    made = World(database_url, connection, database)
    await made.set(**AWAKE, iban=IBAN)
    yield made
    await connection.close()


async def invoice(world: World, email: str | None = CLIENT, **fields: Any) -> UUID:
    return await world.order(payment_status="overdue", customer_email=email, **fields)


async def reminder(world: World, email: str | None = CLIENT, **fields: Any) -> Planned:
    return await world.plan(await invoice(world, email, **fields), "reminder.due")


async def states(world: World, *planned: Planned) -> list[tuple[str, str | None]]:
    rows = [await world.row(one) for one in planned]
    return [(row["state"], row["reason"]) for row in rows]


@pytest.mark.parametrize(("language", "words"), [("nl", "het openstaande bedrag"), ("en", "the open amount")])
async def test_a_reminder_asks_for_what_is_open_in_words_and_in_a_code(
    world: World, mailbox: Mailbox, language: str, words: str
) -> None:
    planned = await reminder(world, customer_language=language, amount_paid=950, invoice_number="F-42")
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(planned, "sent")
    (mail,) = mailbox.mails
    assert mail["Message-ID"] == f"<{planned.id}@bugalou.example>"
    assert mail["X-Bugalou-Notification"] == "reminder"
    assert mail["From"] == "Studio Jansen <no-reply@bugalou.example>"
    assert words in row["text_body"]
    (image,) = (part for part in mail.walk() if part.get_content_type() == "image/png")
    png = image.get_payload(decode=True)
    assert isinstance(png, bytes)
    fields = read_code(png).text.split("\n")
    assert fields[5:] == ["Studio Jansen", IBAN, "EUR2000", "", "", "F-42"]
    kept = re.findall(r'<img[^>]* src="data:image/png;base64,([^"]+)"', row["html_body"])
    assert [b64decode(one) for one in kept] == [png], (
        "the page is kept with its code, which the e-mail carries beside it"
    )


async def test_three_invoices_of_one_client_are_one_message(world: World, mailbox: Mailbox) -> None:
    planned = [
        await reminder(world, CLIENT.upper() if number == 1 else CLIENT, invoice_number=f"F-{number}")
        for number in range(3)
    ]
    other = await reminder(world, "ander@bedrijf.nl")
    async with running(dispatcher_for(world, mailbox.port)):
        for one in (*planned, other):
            await world.reaches(one, "sent")
    assert sorted(mail["X-Bugalou-Notification"] for mail in mailbox.mails) == ["reminder"] * 2
    rows = [await world.row(one) for one in planned]
    (lead,) = (row for row in rows if row["reason"] is None)
    assert [row["reason"] for row in rows if row is not lead] == ["sent_with"] * 2
    assert {row["message_id"] for row in rows} == {lead["id"]}
    assert all(f"F-{number}" in lead["text_body"] for number in range(3))
    assert "8.850,00" in lead["text_body"]
    events = [event["data"]["notification"]["id"] for event in await world.events()]
    assert sorted(events) == sorted(str(one.id) for one in (*planned, other))
    assert await world.sql.fetchval("SELECT count(*) FROM attempts") == 2


async def test_several_notifiers_send_each_client_one_message(world: World, mailbox: Mailbox) -> None:
    clients = [f"klant{number}@bedrijf.nl" for number in range(12)]
    planned = [await reminder(world, client) for _ in range(5) for client in clients]
    async with running(*(dispatcher_for(world, mailbox.port, concurrent=3) for _ in range(4))):
        for one in planned:
            await world.reaches(one, "sent")
    assert sorted(mailbox.recipients) == sorted(clients)


async def test_a_client_who_was_reminded_today_hears_of_another_invoice_tomorrow(
    world: World, mailbox: Mailbox
) -> None:
    first = await reminder(world)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(first, "sent")
        second = await reminder(world)
        row = await world.reaches(second, "held")
        assert row["reason"] == "client_reminded_today"
        assert timedelta(0) < row["due_at"] - datetime.now(UTC) <= timedelta(days=1, hours=1)
        # Tomorrow.
        await world.sql.execute("UPDATE notifications SET day = day - 1")
        await world.sql.execute("UPDATE notifications SET due_at = now() WHERE id = $1", second.id)
        await world.reaches(second, "sent")
    assert len(mailbox.mails) == 2


async def test_the_test_world_is_a_world_of_its_own(world: World, mailbox: Mailbox) -> None:
    tried = await world.plan(await invoice(world, livemode=False), "reminder.due", live=False)
    again = await world.plan(await invoice(world, livemode=False), "reminder.due", live=False)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(tried, "simulated")
        await world.reaches(again, "simulated", "held")
        await world.reaches(await reminder(world), "sent")
    assert len(mailbox.mails) == 1


async def test_an_invoice_waits_for_others_of_its_client_that_come_to_rest_in_a_moment(
    world: World, mailbox: Mailbox
) -> None:
    first = await reminder(world)
    second = await world.plan(await invoice(world), "reminder.due")
    await world.sql.execute("UPDATE notifications SET due_at = now() + interval '0.7 seconds' WHERE id = $1", second.id)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(first, "sent")
        await world.reaches(second, "sent")
    assert len(mailbox.mails) == 1


async def test_paid_in_the_meantime_leaves_the_others_message_and_says_why(world: World, mailbox: Mailbox) -> None:
    planned = [await reminder(world, invoice_number=f"F-{number}") for number in range(3)]
    await world.change(planned[0].order_id, payment_status="paid", amount_paid=2950)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(planned[2], "sent")
    assert (await states(world, *planned))[0] == ("cancelled", "paid")
    text = mailbox.mails[0].get_body(("plain",))
    assert text is not None
    assert "F-0" not in text.get_content()


async def test_a_message_of_several_that_is_tried_again_keeps_its_id_though_its_first_invoice_was_paid(
    world: World,
) -> None:
    planned = [await reminder(world, invoice_number=f"F-{number}") for number in range(3)]
    claims, attempts = claims_for(world, lease=60), Attempts(world.database)
    (first,) = (await claims.claim("email", 5)).claimed
    assert await attempts.finish(first, result_of(PutOff("451 later"), 1, 0.5))
    assert await states(world, *planned) == [("planned", "451 later")] * 3
    lead = next(one for one in planned if one.id == first.notification_id)
    await world.change(lead.order_id, payment_status="paid", amount_paid=2950)
    await world.sql.execute("UPDATE notifications SET due_at = now()")
    (second,) = (await claims.claim("email", 5)).claimed
    assert second.message.notification_id == first.message.notification_id == lead.id
    assert second.notification_id != lead.id
    assert len(second.also) == 1
    assert await attempts.finish(second, result_of(Sent("ok"), 2, 0.5))
    assert sorted(state for state, _ in await states(world, *planned)) == ["cancelled", "sent", "sent"]


async def test_killed_notifiers_never_change_a_messages_id(world: World) -> None:
    for number in range(3):
        await reminder(world, invoice_number=f"F-{number}")
    claims = claims_for(world, lease=0)
    ids = set()
    for _ in range(20):
        (claimed,) = (await claims.claim("email", 5)).claimed
        ids.add(claimed.message.notification_id)
        assert len(claimed.also) == 2
        # Another invoice of the client comes, and does not join what may have been sent already.
        await reminder(world)
    assert len(ids) == 1


async def test_quiet_hours_hold_a_reminder_and_say_until_when(world: World, mailbox: Mailbox) -> None:
    # Whatever the hour of the test: reminders leave from the next one on, or in the evening, in the first minute alone.
    hour = datetime.now(UTC).hour
    awake = {"from": f"{hour + 1:02}:00", "to": "24:00"} if hour < 22 else {"from": "00:00", "to": "00:01"}
    await world.set(**{**AWAKE, "timezone": "UTC", "quietHours": awake})
    planned, thanks = await reminder(world), await world.plan(await world.order())
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(planned, "held")
        await world.reaches(thanks, "sent")
    assert row["reason"] == "quiet_hours"
    assert row["due_at"] > datetime.now(UTC)
    assert [mail["X-Bugalou-Notification"] for mail in mailbox.mails] == ["confirmation"]


async def test_what_a_person_asks_for_leaves_at_any_time_but_once_a_day(world: World, mailbox: Mailbox) -> None:
    await world.set(settleSeconds=0, quietHours={"from": "00:00", "to": "00:01"})
    await world.sql.execute("INSERT INTO paused_customers VALUES ($1, true, $2)", ACCOUNT, CLIENT)
    asked = await world.plan(await invoice(world), ASKED)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(asked, "sent")
        again = await world.plan(await invoice(world), ASKED)
        row = await world.reaches(again, "cancelled", "sent")
    assert (row["state"], row["reason"]) == ("cancelled", "client_reminded_today")


@pytest.mark.parametrize("table", ["orders", "customers"])
async def test_a_pause_holds_reminders_but_no_thanks(world: World, mailbox: Mailbox, table: str) -> None:
    planned, thanks = await reminder(world), await world.plan(await world.order(customer_email=CLIENT))
    if table == "orders":
        await world.sql.execute("INSERT INTO paused_orders VALUES ($1, $2, true)", planned.order_id, ACCOUNT)
    else:
        await world.sql.execute("INSERT INTO paused_customers VALUES ($1, true, $2)", ACCOUNT, CLIENT)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(thanks, "sent")
        row = await world.reaches(planned, "held")
    assert row["reason"] == "paused"


async def test_nothing_is_sent_to_a_suppressed_address(world: World, mailbox: Mailbox) -> None:
    await world.sql.execute("INSERT INTO suppressions VALUES ($1, true, $2, 'asked')", ACCOUNT, CLIENT)
    planned = [await reminder(world, "Klant@Bedrijf.nl"), await world.plan(await world.order(customer_email=CLIENT))]
    spared = await reminder(world, "ander@bedrijf.nl")
    async with running(dispatcher_for(world, mailbox.port)):
        for one in planned:
            await world.reaches(one, "cancelled")
        await world.reaches(spared, "sent")
    assert await states(world, *planned) == [("cancelled", "suppressed")] * 2


async def test_while_submissions_wait_nothing_is_decided_and_the_reason_shows(world: World, mailbox: Mailbox) -> None:
    planned, thanks = await reminder(world), await world.plan(await world.order())
    behind = claims_for(world, lease=30, is_behind=lambda: True)
    assert (await behind.claim("email", 5)).claimed == []
    assert await states(world, planned, thanks) == [("held", "submissions_waiting")] * 2
    await world.change(planned.order_id, payment_status="paid", amount_paid=2950)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(thanks, "sent")
        await world.reaches(planned, "cancelled")
    assert len(mailbox.mails) == 1


async def test_while_submissions_wait_nobodys_patience_begins_anew(world: World) -> None:
    planned = await reminder(world, None)
    await claims_for(world, lease=30).claim("email", 5)
    assert await states(world, planned) == [("waiting", "no_address")]
    await world.sql.execute("UPDATE notifications SET due_at = now()")
    await claims_for(world, lease=30, is_behind=lambda: True).claim("email", 5)
    assert await states(world, planned) == [("waiting", "no_address")]
    await claims_for(world, lease=30).claim("email", 5)
    assert await states(world, planned) == [("cancelled", "no_address")]


async def test_of_two_steps_that_wait_the_newer_speaks(world: World, mailbox: Mailbox) -> None:
    order_id = await invoice(world)
    first = await world.plan(order_id, "reminder.due")
    second = await world.plan(order_id, "reminder.due", step=2)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(second, "sent")
        row = await world.reaches(first, "cancelled")
    assert row["reason"] == "superseded"


async def test_a_second_reminder_says_so(world: World, mailbox: Mailbox) -> None:
    order_id = await invoice(world)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(await world.plan(order_id, "reminder.due"), "sent")
        await world.sql.execute("UPDATE notifications SET day = day - 7")
        await world.reaches(await world.plan(order_id, "reminder.due", step=2), "sent")
    assert [mail["Subject"].split(":")[0] for mail in mailbox.mails] == ["Herinnering", "Tweede herinnering"]


async def test_an_account_that_is_gone_writes_to_nobody(world: World, mailbox: Mailbox) -> None:
    planned = await reminder(world)
    await world.sql.execute("DELETE FROM accounts")
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(planned, "cancelled", "sent")
    assert (row["state"], row["reason"]) == ("cancelled", "account_gone")


async def test_an_order_that_makes_no_sense_does_not_keep_its_clients_others_back(
    world: World, mailbox: Mailbox
) -> None:
    broken, whole = await reminder(world, total=Decimal("NaN")), await reminder(world)
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(whole, "sent")
        row = await world.reaches(broken, "failed")
    assert row["reason"] == "undecidable"


async def test_settings_that_nobody_could_have_set_stop_nothing(world: World, mailbox: Mailbox) -> None:
    await world.set(settleSeconds="x", timezone=7, quietHours="never", iban=5)
    planned = await world.plan(await world.order())
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(planned, "sent")
