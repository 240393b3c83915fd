"""WhatsApp first, and e-mail where it cannot be: on real Postgres and SMTP, and a Cloud API as it is documented."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec import Struct
from msgspec.structs import replace

from services.console.whatsapp import WhatsAppAccounts
from services.console.whatsapp_body import WhatsAppDraft
from services.console.whatsapp_hook import StatusInbox, read_statuses
from services.notifier.attempts import Attempts
from services.notifier.channels import Channel
from services.notifier.channels.email import EmailChannel
from services.notifier.channels.mime import Sender
from services.notifier.channels.smtp import Server, SmtpConnections
from services.notifier.channels.whatsapp.channel import WhatsAppChannel
from services.notifier.channels.whatsapp.cloud_api import CloudApi
from services.notifier.channels.whatsapp.credentials import StoredCredentials
from services.notifier.claims import Claims
from services.notifier.dispatcher import Dispatcher
from services.notifier.notification import Planned
from services.notifier.plans import Plans
from services.notifier.preparation import Preparation
from services.notifier.status_updates import StatusUpdates
from shared.database import Database
from shared.messages.rendering import Renderer
from shared.secrets import Secrets, generate_key
from tests.notifier_world import ACCOUNT, AWAKE, Mailbox, World, until
from tests.whatsapp_server import PHONE_NUMBER_ID, TOKEN, CloudApiServer

SECRETS: Final = Secrets([generate_key()])
PHONE: Final = "+31612345678"
ON: Final = {**AWAKE, "channels": {"email": True, "whatsapp": True}}


class Both(Struct, frozen=True):
    """A notification over WhatsApp, and the e-mail that would take its place."""

    whatsapp: Planned
    email: Planned


class Stage:
    """An account that has WhatsApp on, its Cloud API and its mail server."""

    def __init__(self, world: World, server: CloudApiServer, mailbox: Mailbox) -> None:
        self.world = world
        self.server = server
        self.mailbox = mailbox
        self.inbox = StatusInbox(world.database, SECRETS)
        self.applying = StatusUpdates(world.database)

    async def give_access(self, account: UUID = ACCOUNT, token: str = TOKEN) -> None:
        draft = WhatsAppDraft(phone_number_id=PHONE_NUMBER_ID, token=token, app_secret=None, verify_token=None)
        await WhatsAppAccounts(self.world.database, self.world.database, SECRETS).replace(account, draft)

    async def order(self, **fields: Any) -> UUID:
        return await self.world.order(**{"customer_phone": PHONE, **fields})

    async def plan(self, order_id: UUID, event_type: str = "payment.paid", **more: Any) -> Both:
        """Plan as the intake does: over each channel, of which one is taken."""
        email = await self.world.plan(order_id, event_type, **more)
        whatsapp = replace(email, channel="whatsapp")
        await Plans(self.world.database, settle_seconds=0).add([email, whatsapp])
        return Both(whatsapp, email)

    async def tell(self, message: dict[str, Any], status: str, code: int | None = None) -> None:
        """Tell of a message as Meta does, to the console, and let a notifier look."""
        statuses = read_statuses(self.server.status(message, status, code))
        await self.inbox.keep(ACCOUNT, statuses)
        await self.applying.apply()

    async def planned(self, planned: Planned) -> bool:
        return await self.world.sql.fetchval("SELECT 1 FROM notifications WHERE id = $1", planned.id) is not None

    async def reaches(self, planned: Planned, *states: str) -> asyncpg.Record:
        """Wait until a notification, which need not be planned yet, is in one of these states."""
        await until(lambda: self.planned(planned))
        return await self.world.reaches(planned, *states)

    def channels(self, *, seconds: float = 5.0) -> dict[str, Channel]:
        server = Server(
            host="127.0.0.1", port=self.mailbox.port, username=None, password=None, tls="none", timeout_seconds=5
        )
        sender = Sender("Bugalou", "no-reply@bugalou.example")
        connections = SmtpConnections(server, own_name="test.example")
        api = CloudApi(self.server.url, timeout_seconds=seconds, connections=10)
        return {
            "email": EmailChannel(connections, sender, deadline_seconds=10, clock=lambda: datetime.now(UTC)),
            "whatsapp": WhatsAppChannel(api, StoredCredentials(self.world.database, SECRETS)),
        }

    @asynccontextmanager
    async def running(self, *, lease: float = 30, seconds: float = 5.0) -> AsyncIterator[None]:
        """Run a notifier's dispatchers."""
        claims = Claims(
            self.world.database,
            Preparation(Renderer()),
            lease_seconds=lease,
            settle_seconds=0,
            is_behind=lambda: False,
        )
        dispatchers = [
            Dispatcher(
                name,
                channel,
                claims,
                Attempts(self.world.database),
                concurrent=5,
                sweep_seconds=0.2,
                lease_seconds=lease,
            )
            for name, channel in self.channels(seconds=seconds).items()
        ]
        async with asyncio.TaskGroup() as group:
            for dispatcher in dispatchers:
                group.create_task(dispatcher.run())
            try:
                yield
            finally:
                for dispatcher in dispatchers:
                    dispatcher.stop()


@pytest.fixture
async def stage(database_url: str, database: Database) -> AsyncIterator[Stage]:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Studio Jansen')", ACCOUNT)
    server, mailbox = CloudApiServer(), Mailbox()
    await server.start()
    await mailbox.start()
    stage = Stage(World(database_url, connection, database), server, mailbox)
    await stage.world.set(**ON)
    await stage.give_access()
    yield stage
    await mailbox.stop()
    await server.stop()
    await connection.close()


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


async def test_a_delivered_message_is_delivered_for_all_its_invoices(stage: Stage) -> None:
    fields = {"payment_status": "overdue", "customer_email": "klant@bedrijf.nl"}
    plans = [await stage.plan(await stage.order(**fields), "reminder.due") for _ in range(3)]
    async with stage.running():
        for both in plans:
            await stage.reaches(both.whatsapp, "sent")
        await stage.tell(stage.server.taken[0], "delivered")
    assert {(await stage.world.row(both.whatsapp))["state"] for both in plans} == {"delivered"}


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
