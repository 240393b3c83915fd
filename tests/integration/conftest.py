"""What many tests of one real server start with: a console, a dashboard, a mail server, webhooks, WhatsApp."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.database import Database
from tests.consoles import running_console
from tests.dashboards import Visitor, visitor_of
from tests.gateways import Client
from tests.notifier_world import Mailbox, standing_world
from tests.tenant import Tenant
from tests.webhook_world import Endpoint, Webhooks, listening_endpoint
from tests.whatsapp_server import CloudApiServer
from tests.whatsapp_stage import ON, Stage


@pytest.fixture
async def console(database_url: str, account: Tenant) -> AsyncIterator[Client]:
    """A client of a console, with the account's live key."""
    async with running_console(account.live.key, database_url=database_url) as client:
        yield client


@pytest.fixture
async def visitor(console: Client, account: Tenant) -> AsyncIterator[Visitor]:
    """Somebody who is signed in to the dashboard with the account's live key."""
    async with visitor_of(console.url) as somebody:
        await somebody.sign_in(account.live.key)
        yield somebody


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server that takes everything."""
    started = Mailbox()
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def webhooks(database_url: str, database: Database, account: Tenant) -> AsyncIterator[Webhooks]:
    """An account's webhooks, and the events that reach them."""
    connection = await asyncpg.connect(database_url)
    try:
        yield Webhooks(database_url, database, account.id, connection)
    finally:
        await connection.close()


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """Somebody's server that webhooks may be sent to."""
    async with listening_endpoint() as started:
        yield started


@pytest.fixture
async def stage(database_url: str, database: Database, mailbox: Mailbox) -> AsyncIterator[Stage]:
    """An account that has WhatsApp on, and access to it."""
    server = CloudApiServer()
    await server.start()
    try:
        async with standing_world(database_url, database) as world:
            made = Stage(world, server, mailbox)
            await made.world.set(**ON)
            await made.give_access()
            yield made
    finally:
        await server.stop()
