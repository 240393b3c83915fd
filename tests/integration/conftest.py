"""What many tests of one real server start with: a console, somebody at its dashboard, and a mail server."""

from collections.abc import AsyncIterator

import pytest

from tests.consoles import running_console
from tests.dashboards import Visitor, visitor_of
from tests.gateways import Client
from tests.notifier_world import Mailbox
from tests.tenant import Tenant


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
