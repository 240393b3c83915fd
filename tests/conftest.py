"""Fixtures: real servers, started once and only where a test asks for them; a database and queues of each test's."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

import hypothesis
import pytest

from services.console.accounts import Accounts
from shared.database import Database
from shared.keys import SCOPES
from shared.migrations import migrate
from tests import servers
from tests.isolation import database_at, execute, fresh_database, fresh_prefix
from tests.tenant import Tenant

# The same examples in every run; new ones with `pytest --hypothesis-profile=explore`.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("steady")

_TEMPLATE: Final = "template_migrated"
_SERVERS: Final = {"postgres_url", "amqp_url"}


def pytest_report_header(config: pytest.Config) -> list[str]:
    # Where tests are handed out to several processes, the one that reports has collected none.
    return [_told()] if getattr(config.option, "numprocesses", None) else []


def _told() -> str:
    return f"servers: {servers.choose()} ({servers.VARIABLE}=private|containers forces one)"


def pytest_report_collectionfinish(items: Sequence[pytest.Item]) -> list[str]:
    wanted = any(_SERVERS & set(getattr(item, "fixturenames", ())) for item in items)
    return [_told()] if wanted else []


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL for all tests: the address of its superuser. Never stop it; put a proxy before it (tests.proxy)."""
    with servers.postgres(tmp_path_factory.mktemp("postgres") / "server") as url:
        yield url


@pytest.fixture(scope="session")
def amqp_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A RabbitMQ for all tests. Never stop it; put a proxy before it (tests.proxy)."""
    with servers.rabbitmq(tmp_path_factory.mktemp("rabbitmq") / "server") as url:
        yield url


@pytest.fixture(scope="session")
async def template(postgres_url: str) -> str:
    """The name of a migrated database that nobody is connected to, to be copied."""
    await execute(postgres_url, f"CREATE DATABASE {_TEMPLATE}")
    await migrate(database_at(postgres_url, _TEMPLATE))
    return _TEMPLATE


@pytest.fixture
async def database_url(postgres_url: str, template: str) -> AsyncIterator[str]:
    """A migrated, empty database of this test's own."""
    async with fresh_database(postgres_url, template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open pool for this test's database, as its owner."""
    opened = Database(database_url, purpose="test", most=8)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def amqp_prefix(amqp_url: str) -> AsyncIterator[str]:
    """A prefix of this test's own; what the topology declares under it is deleted afterwards."""
    async with fresh_prefix(amqp_url) as prefix:
        yield prefix


@pytest.fixture
def accounts(database: Database) -> Accounts:
    """The accounts and keys of this test's database."""
    return Accounts(database)


@pytest.fixture
async def account(accounts: Accounts) -> Tenant:
    """An account with a live and a test key."""
    return Tenant(*await accounts.create("Architectenbureau De Groot", SCOPES))
