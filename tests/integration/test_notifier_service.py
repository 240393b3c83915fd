"""The notifier as a process, between real RabbitMQ, Postgres and SMTP: killed, stopped, told nonsense."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import asyncpg
import msgspec
import pytest

from services.notifier.notification import Planned
from shared.contracts import Event
from shared.database import Database
from shared.failpoints import Point
from shared.lifecycle import EXIT_MISCONFIGURED
from shared.topology import Names, declare
from tests.notifier_world import ACCOUNT, AWAKE, CYCLE, Mailbox, World, until

STOP_SECONDS = 10


class Service:
    """One notifier to run, again and again, with the same settings; and the exchange that it hears."""

    def __init__(self, environment: dict[str, str], exchange: aio_pika.abc.AbstractExchange) -> None:
        self._environment = environment
        self._exchange = exchange

    @asynccontextmanager
    async def running(self, *options: str, **settings: str) -> AsyncIterator[Process]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.notifier",
            *options,
            env={**os.environ, **self._environment, **settings},
            stderr=PIPE,
        )
        assert process.stderr is not None
        draining = asyncio.ensure_future(process.stderr.read())
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await draining

    async def tell(self, body: bytes, event_type: str = "payment.paid") -> None:
        await self._exchange.publish(
            aio_pika.Message(body, message_id=str(uuid4())), routing_key=f"{event_type}.{ACCOUNT}"
        )


def event(planned: Planned, **more: Any) -> bytes:
    """Return the event that plans it."""
    data = {"order": {"id": str(planned.order_id)}, "changed": [], "submission": {"id": str(planned.run_id)}, **more}
    return msgspec.json.encode(
        Event(uuid4(), planned.event_type, "2026-11-22T12:00:00Z", planned.account, planned.live, data)
    )


@pytest.fixture
async def world(database_url: str, database: Database) -> AsyncIterator[World]:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Studio Jansen')", ACCOUNT)
    yield World(database_url, connection, database)
    await connection.close()


@pytest.fixture
async def service(world: World, mailbox: Mailbox, amqp_url: str, amqp_prefix: str) -> AsyncIterator[Service]:
    connection = await aio_pika.connect(amqp_url, timeout=10)
    async with connection, connection.channel() as channel:
        names = Names(amqp_prefix)
        await declare(channel, names)
        environment = {
            "BUGALOU_DATABASE_URL": world.url,
            "BUGALOU_AMQP_URL": amqp_url,
            "BUGALOU_AMQP_PREFIX": amqp_prefix,
            "BUGALOU_SMTP_HOST": "127.0.0.1",
            "BUGALOU_SMTP_PORT": str(mailbox.port),
            "BUGALOU_SETTLE_SECONDS": "0.3",
            "BUGALOU_NOTIFIER_SWEEP_SECONDS": "0.5",
        }
        yield Service(environment, await channel.get_exchange(names.events, ensure=False))


async def to_be_planned(world: World, **fields: Any) -> Planned:
    """Return a notification whose order and run exist, and which an event will plan."""
    planned = await world.plan(await world.order(**fields))
    await world.sql.execute("DELETE FROM notifications WHERE id = $1", planned.id)
    return planned


async def test_an_event_becomes_one_mail_however_often_it_comes(
    service: Service, world: World, mailbox: Mailbox
) -> None:
    planned = await to_be_planned(world)
    async with service.running("--channel", "email") as process:
        for _ in range(3):
            await service.tell(event(planned))
        await until_planned(world, planned.id)
        await world.reaches(planned, "sent")
        await service.tell(event(planned))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), STOP_SECONDS) == 0
    assert [mail["Message-ID"] for mail in mailbox.mails] == [f"<{planned.id}@bugalou.example>"]


async def test_what_cannot_be_read_is_set_aside_and_blocks_nothing(
    service: Service, world: World, mailbox: Mailbox
) -> None:
    planned = await to_be_planned(world)
    async with service.running():
        for body in (b"\xff\x00nonsense", b"{}", b"{}", event(planned, submission=None), event(planned)):
            await service.tell(body)
        await until_planned(world, planned.id)
        await world.reaches(planned, "sent")
    bodies = {row["body"] for row in await world.sql.fetch("SELECT body FROM failures WHERE place = 'notifier'")}
    assert {b"\xff\x00nonsense", b"{}"} < bodies
    assert await world.sql.fetchval("SELECT count(*) FROM failures") == 3


async def test_killed_while_sending_it_sends_again_with_the_same_message_id(
    service: Service, world: World, mailbox: Mailbox
) -> None:
    planned = await to_be_planned(world)
    mailbox.gate = asyncio.Event()  # the server has the message, and has not said so yet
    async with service.running() as process:
        await service.tell(event(planned))

        async def handed_over() -> bool:
            return len(mailbox.mails) == 1

        await until(handed_over)
        process.kill()
        await process.wait()
    assert (await world.row(planned))["state"] == "sending"
    mailbox.gate.set()
    async with service.running():
        assert len(mailbox.mails) == 1
        await world.sql.execute("UPDATE notifications SET claimed_until = now() WHERE id = $1", planned.id)
        row = await world.reaches(planned, "sent")
    assert row["attempts"] == 1
    assert await world.sql.fetchval("SELECT count(*) FROM attempts WHERE outcome IS NOT NULL") == 2
    assert len(mailbox.mails) == 2
    assert {mail["Message-ID"] for mail in mailbox.mails} == {f"<{planned.id}@bugalou.example>"}


KILLS = int(os.environ.get("KILLS", "2"))
"""At each step; more of them where somebody has the time."""


async def test_killed_at_each_of_its_steps_it_never_gives_a_message_another_id(
    service: Service, world: World, mailbox: Mailbox
) -> None:
    await world.set(**AWAKE)
    thanks = await to_be_planned(world)
    invoices = [
        Planned(
            ACCOUNT,
            True,
            await world.order(payment_status="overdue", customer_email="klant@bedrijf.nl"),
            "reminder",
            "reminder.due",
            CYCLE,
            1,
            "email",
        )
        for _ in range(3)
    ]
    for one in (thanks, *invoices):
        about = {"reminder": {"cycle": str(CYCLE), "step": 1}} if one.kind == "reminder" else {}
        await service.tell(event(one, **about), one.event_type)
    for point in (Point.NOTIFIER_PLANNED, Point.NOTIFIER_CLAIMED, Point.NOTIFIER_DELIVERED):
        for _ in range(KILLS):
            # What a dead notifier had claimed is free at once, and nothing waits for its next try.
            await world.sql.execute(
                "UPDATE notifications SET claimed_until = now(), due_at = now() WHERE state IN ('planned', 'sending')"
            )
            async with service.running(BUGALOU_FAILPOINTS=f"{point}=exit") as process:
                assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
    await world.sql.execute("UPDATE notifications SET claimed_until = now() WHERE state = 'sending'")
    async with service.running():
        for one in (thanks, *invoices):
            await until_planned(world, one.id)
            await world.reaches(one, "sent")
    rows = [await world.row(one) for one in invoices]
    (message_id,) = {row["message_id"] for row in rows}
    about_reminders = [mail["Message-ID"] for mail in mailbox.mails if mail["X-Bugalou-Notification"] == "reminder"]
    about_payments = [mail["Message-ID"] for mail in mailbox.mails if mail["X-Bugalou-Notification"] == "confirmation"]
    assert set(about_reminders) == {f"<{message_id}@bugalou.example>"}
    assert set(about_payments) == {f"<{thanks.id}@bugalou.example>"}
    assert len(mailbox.mails) > KILLS, "what was handed over, and not recorded, went again"


async def test_killed_after_planning_it_loses_nothing(service: Service, world: World, mailbox: Mailbox) -> None:
    planned = [await to_be_planned(world) for _ in range(20)]
    async with service.running(BUGALOU_SETTLE_SECONDS="600") as process:
        for one in planned:
            await service.tell(event(one))
        await until_planned(world, planned[-1].id)
        process.kill()
    await world.sql.execute("UPDATE notifications SET due_at = now()")
    async with service.running(), service.running():
        for one in planned:
            await until_planned(world, one.id)
            await world.reaches(one, "sent")
    assert len(mailbox.mails) == 20


async def test_sigterm_finishes_what_is_being_sent(service: Service, world: World, mailbox: Mailbox) -> None:
    planned = await to_be_planned(world)
    mailbox.gate = asyncio.Event()
    async with service.running() as process:
        await service.tell(event(planned))

        async def handed_over() -> bool:
            return len(mailbox.mails) == 1

        await until(handed_over)
        process.send_signal(signal.SIGTERM)
        mailbox.gate.set()
        assert await asyncio.wait_for(process.wait(), STOP_SECONDS) == 0
    assert (await world.row(planned))["state"] == "sent"


async def test_a_wrong_setting_ends_it_at_the_start(service: Service) -> None:
    async with service.running(BUGALOU_SMTP_TLS="yes") as process:
        assert await asyncio.wait_for(process.wait(), STOP_SECONDS) == EXIT_MISCONFIGURED


async def until_planned(world: World, id: UUID) -> None:
    async def there() -> bool:
        return bool(await world.sql.fetchval("SELECT count(*) FROM notifications WHERE id = $1", id))

    await until(there)
