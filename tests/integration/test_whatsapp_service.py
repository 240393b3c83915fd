"""WhatsApp through whole processes: a notifier between RabbitMQ, Postgres and the Cloud API, and the console's hook."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aio_pika
import asyncpg
import msgspec
import pytest
from msgspec.structs import replace

from services.notifier.notification import Planned
from shared.contracts import Event
from shared.database import Database
from shared.secrets import generate_key
from shared.topology import Names, declare
from tests.consoles import running_console
from tests.gateways import JSON, Client
from tests.notifier_world import ACCOUNT, AWAKE, Mailbox, World
from tests.polling import eventually
from tests.tenant import Tenant
from tests.whatsapp_server import APP_SECRET, PHONE_NUMBER_ID, TOKEN, CloudApiServer

KEY: Final = generate_key()
STOP_SECONDS: Final = 10


@pytest.fixture
async def server() -> AsyncIterator[CloudApiServer]:
    server = CloudApiServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def world(database_url: str, database: Database, account: Tenant) -> AsyncIterator[World]:
    connection = await asyncpg.connect(database_url)
    yield World(database_url, connection, database)
    await connection.close()


@pytest.fixture
async def console(database_url: str, account: Tenant) -> AsyncIterator[Client]:
    async with running_console(account.live.key, database_url=database_url, SECRET_KEYS=KEY) as console:
        headers = {"X-API-Key": console.key, **JSON}
        access = {"phoneNumberId": PHONE_NUMBER_ID, "token": TOKEN, "appSecret": APP_SECRET}
        for path, document in (
            ("/api/v1/settings/whatsapp", access),
            ("/api/v1/settings", {**AWAKE, "channels": {"email": True, "whatsapp": True}}),
        ):
            assert (await console.ask("PUT", path, msgspec.json.encode(document), headers)).status == 200
        yield console


@asynccontextmanager
async def notifier(environment: dict[str, str]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.notifier"), env={**os.environ, **environment}, stderr=PIPE
    )
    assert process.stderr is not None
    draining = asyncio.ensure_future(process.stderr.read())
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        said = await draining
    assert not [secret for secret in (TOKEN, APP_SECRET, "31612345678", "wamid") if secret.encode() in said], said


async def plan(world: World, account: Tenant, **fields: object) -> tuple[Planned, bytes]:
    """Return what an event will plan over WhatsApp, and the event."""
    order_id = await world.order(account_id=account.id, **fields)
    planned = replace(await world.plan(order_id), account=account.id, channel="whatsapp")
    await world.sql.execute("DELETE FROM notifications")
    data = {"order": {"id": str(order_id)}, "changed": [], "submission": {"id": str(planned.run_id)}}
    event = Event(planned.id, "payment.paid", "2026-11-22T12:00:00Z", account.id, True, data)
    return planned, msgspec.json.encode(event)


async def test_an_order_reaches_the_client_over_whatsapp_or_by_e_mail(
    world: World,
    console: Client,
    account: Tenant,
    server: CloudApiServer,
    mailbox: Mailbox,
    amqp_url: str,
    amqp_prefix: str,
) -> None:
    server.codes_by_number = {"31600000026": 131026}
    there, there_event = await plan(world, account, customer_phone="+31612345678")
    nowhere, nowhere_event = await plan(world, account, customer_phone="+31600000026")
    environment = {
        "BUGALOU_DATABASE_URL": world.url,
        "BUGALOU_AMQP_URL": amqp_url,
        "BUGALOU_AMQP_PREFIX": amqp_prefix,
        "BUGALOU_SECRET_KEYS": KEY,
        "BUGALOU_SMTP_HOST": "127.0.0.1",
        "BUGALOU_SMTP_PORT": str(mailbox.port),
        "BUGALOU_WHATSAPP_URL": server.url,
        "BUGALOU_NOTIFIER_SWEEP_SECONDS": "0.5",
    }
    connection = await aio_pika.connect(amqp_url, timeout=10)
    async with connection, connection.channel() as channel, notifier(environment) as process:
        names = Names(amqp_prefix)
        await declare(channel, names)
        exchange = await channel.get_exchange(names.events, ensure=False)
        for event in (there_event, nowhere_event, there_event):
            message = aio_pika.Message(event, message_id=str(there.id))
            await exchange.publish(message, routing_key=f"payment.paid.{ACCOUNT}")

        async def arrives(planned: Planned, *states: str) -> bool:
            row = await world.sql.fetchrow("SELECT state FROM notifications WHERE id = $1", planned.id)
            return row is not None and row["state"] in states

        await eventually(lambda: arrives(there, "sent"), within=60)  # a process starts first
        await eventually(lambda: arrives(replace(nowhere, channel="email"), "sent"))
        hook = f"{console.url}/hooks/whatsapp/{account.id}"
        assert await server.post(hook, server.status(server.taken[0], "delivered")) == 200
        await eventually(lambda: arrives(there, "delivered"))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), STOP_SECONDS) == 0
    assert [message["to"] for message in server.taken] == ["31612345678"]
    assert [mail["Message-ID"] for mail in mailbox.mails] == [
        f"<{replace(nowhere, channel='email').id}@bugalou.example>"
    ]
