"""The whole product with a year of demo data, and a real browser that looks at it."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from playwright.async_api import Browser, async_playwright
from rich.console import Console

from services.cli.demo.command import fill
from services.cli.stack.binaries import find_browser
from services.cli.stack.errors import StackError
from services.console.accounts import Accounts
from services.console.dashboard.sign_in_links import SignInLinks
from services.notifier import app as notifier
from services.notifier import settings as notifier_settings
from shared.database import Database
from shared.keys import SCOPES
from tests.browser.product import NOW, Product
from tests.consoles import known
from tests.isolation import fresh_database, fresh_prefix
from tests.live import running_live
from tests.notifier_world import AWAKE, Mailbox
from tests.running import running
from tests.settings import settings_of
from tests.tenant import Tenant


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    try:
        path = find_browser()
    except StackError as error:
        pytest.skip(f"NO BROWSER, NOTHING OF THE DASHBOARD WAS TESTED IN ONE: {error}")
    async with async_playwright() as playwright:
        # Our own pages alone are loaded: the sandbox, which root cannot have, would guard nothing.
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        launched = await playwright.chromium.launch(executable_path=path, args=arguments)
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
async def product(postgres_url: str, template: str, amqp_url: str) -> AsyncIterator[Product]:
    """Every service in this process, an account with a year of invoices, and one with none."""
    async with fresh_database(postgres_url, template) as database_url, fresh_prefix(amqp_url) as amqp_prefix:
        database = Database(database_url, purpose="test", most=8)
        await database.open()
        accounts = Accounts(database)
        tenant = Tenant(*await accounts.create("Studio Sofie de Wit", SCOPES))
        newcomer = Tenant(*await accounts.create("Net begonnen", SCOPES))
        await _set(database, tenant)
        quiet = Console(quiet=True)
        await fill(database, tenant.id, live=True, invoices=120, seed=1, now=NOW, anyway=False, console=quiet)
        reader = await accounts.create_key(tenant.id, live=True, name="reader", scopes=["orders:read"])
        mailbox = Mailbox()
        await mailbox.start()
        servers = {"database_url": database_url, "amqp_url": amqp_url, "amqp_prefix": amqp_prefix}
        admitted = {"WEBHOOK_ALLOW": "127.0.0.0/8"}
        told = settings_of(
            notifier_settings.fill,
            **servers,
            **admitted,
            SMTP_HOST="127.0.0.1",
            SMTP_PORT=mailbox.port,
            SETTLE_SECONDS=0,
        )
        try:
            async with running_live(tenant.live.key, **servers, **admitted) as client, running(notifier.graph(told)):
                await known(client, newcomer.live.key, reader.key)
                yield Product(client, database, SignInLinks(database), tenant, newcomer, reader.key, mailbox)
        finally:
            await mailbox.stop()
            await database.close()


async def _set(database: Database, tenant: Tenant) -> None:
    awake = msgspec.json.encode(AWAKE).decode()
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE settings SET document = $2::text::jsonb WHERE account_id = $1", tenant.id, awake
        )
