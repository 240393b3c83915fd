"""The fixtures themselves."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from services.console.accounts import Accounts
from shared.broker import BrokerConnection
from shared.database import Database
from shared.lifecycle import Component
from shared.topology import Names
from tests.polling import eventually
from tests.running import running
from tests.tenant import Tenant


async def test_database_is_migrated_and_holds_nothing(database: Database) -> None:
    async with database.transaction() as connection:
        assert await connection.fetchval("SELECT count(*) FROM orders") == 0


async def test_account_has_a_live_and_a_test_key(account: Tenant, accounts: Accounts) -> None:
    assert isinstance(account.id, UUID)
    assert [key.live for key in await accounts.keys(account.id)] == [True, False]


async def test_broker_takes_the_topology(amqp_url: str, amqp_prefix: str) -> None:
    connection = BrokerConnection(amqp_url, Names(amqp_prefix), "test")

    @asynccontextmanager
    async def graph() -> AsyncIterator[Sequence[Component]]:
        yield (connection,)

    async with running(graph()):
        await eventually(lambda: connection.is_ready)
