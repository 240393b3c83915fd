"""Row-level security: what the console's role can see when a query forgets its WHERE, and what other tenants get."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from msgspec import Struct
from uuid_utils.compat import uuid7

from services.console.accounts import Accounts
from services.console.app import graph
from services.console.settings import fill
from services.console.tenancy import ROLE, as_tenant
from services.worker.failures import Failures
from services.worker.store import Store
from shared.database import Connection, Database
from shared.keys import SCOPES, ApiKey
from tests.gateways import Client, client_of
from tests.polling import eventually
from tests.running import running
from tests.settings import settings_of
from tests.submissions import submission
from tests.tenant import Tenant

TENANT_TABLES: Final = ("orders", "submissions", "notifications", "attempts", "failures")
ACCOUNT_TABLES: Final = ("settings", "api_keys", "accounts")


class Neighbours(Struct, frozen=True):
    """Two accounts whose orders have the same platform and number."""

    mine: Tenant
    other: Tenant

    def key(self, *, live: bool = True, platforms: frozenset[str] | None = None) -> ApiKey:
        """A key of mine."""
        return ApiKey(uuid7(), self.mine.id, live, "k", frozenset(SCOPES), platforms, None, None)


_NOTIFY: Final = """
WITH n AS (
    INSERT INTO notifications (id, account_id, livemode, order_id, kind, event_type, run_id, channel, state, due_at)
    VALUES ($1, $2, $3, $4, 'confirmation', 'payment.paid', $5, 'email', 'sent', now()) RETURNING id
)
INSERT INTO attempts (id, notification_id, account_id, livemode, started_at) SELECT $1, id, $2, $3, now() FROM n
"""


@pytest.fixture
async def neighbours(database: Database, accounts: Accounts) -> Neighbours:
    mine, other = [Tenant(*await accounts.create(name, SCOPES)) for name in ("De Groot", "De Klein")]
    for tenant in (mine, other):
        for live in (True, False):
            one = submission(account=tenant.id, live=live, customerName=f"{tenant.id} {live}", paymentStatus="paid")
            await Store(database).settle([one])
            await Failures(database).add(cause="c", reason="r", body=one.id.bytes, submission=one)
            async with database.transaction() as connection:
                await connection.execute(_NOTIFY, uuid7(), tenant.id, live, one.order_id, one.id)
    return Neighbours(mine, other)


@pytest.fixture
async def as_console(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, purpose="test", most=2, role=ROLE)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def owners(connection: Connection, table: str) -> set[str]:
    """Whose rows a query without WHERE shows."""
    column = "id" if table == "accounts" else "account_id"
    world = "livemode" if table in TENANT_TABLES else "true"
    rows = await connection.fetch(f"SELECT {column} AS owner, {world} AS live FROM {table}")
    return {f"{row['owner']} {row['live']}" for row in rows}


async def test_query_without_where_shows_only_the_rows_of_its_account_and_world(
    as_console: Database, neighbours: Neighbours
) -> None:
    for live in (True, False):
        async with as_tenant(as_console, neighbours.key(live=live)) as connection:
            for table in TENANT_TABLES:
                assert await owners(connection, table) == {f"{neighbours.mine.id} {live}"}, table
            for table in ACCOUNT_TABLES:
                assert await owners(connection, table) == {f"{neighbours.mine.id} True"}, table


async def test_role_sees_nothing_at_all_where_no_tenant_was_named(as_console: Database, neighbours: Neighbours) -> None:
    assert neighbours
    for table in (*TENANT_TABLES, *ACCOUNT_TABLES):
        async with as_console.transaction() as connection:
            assert await owners(connection, table) == set(), table


async def test_tenant_of_one_transaction_is_forgotten_with_it(as_console: Database, neighbours: Neighbours) -> None:
    async with as_tenant(as_console, neighbours.key()) as connection:
        assert await owners(connection, "orders")
    async with as_console.transaction() as connection:
        assert await owners(connection, "orders") == set()


async def test_key_for_some_platforms_sees_only_theirs(as_console: Database, neighbours: Neighbours) -> None:
    for platforms, seen in (
        (None, 1),
        (frozenset({"custom", "exact"}), 1),
        (frozenset({"moneybird"}), 0),
        (frozenset({"Custom", "exact,custom", "{custom}", ""}), 0),
        (frozenset(), 0),
    ):
        async with as_tenant(as_console, neighbours.key(platforms=platforms)) as connection:
            for table in ("orders", "submissions"):
                assert await connection.fetchval(f"SELECT count(*) FROM {table}") == seen, (table, platforms)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders SET customer_name = 'x'",
        "DELETE FROM submissions",
        "INSERT INTO accounts (id, name) VALUES (gen_random_uuid(), 'x')",
        "SELECT digest FROM api_keys",
        "SELECT * FROM outbox",
        "SELECT * FROM idempotency_keys",
        "TRUNCATE orders",
        "SET LOCAL row_security = off; SELECT * FROM orders",
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
    ],
)
async def test_role_may_read_and_nothing_else(as_console: Database, statement: str) -> None:
    with pytest.raises(Exception, match=r"permission denied|must be owner|row-level security"):
        async with as_console.transaction() as connection:
            await connection.execute(statement)


@asynccontextmanager
async def running_console(key: str, **addresses: str) -> AsyncIterator[Client]:
    settings = settings_of(fill, **addresses)
    async with running(graph(settings)), client_of(f"http://127.0.0.1:{settings.web.port}", key) as client:
        await eventually(client.is_ready, what="the console is ready")
        yield client


async def test_other_accounts_and_worlds_get_404_for_an_order_and_its_receipt(
    neighbours: Neighbours, accounts: Accounts, database: Database, database_url: str, amqp_url: str
) -> None:
    only_mine = submission("2026/042", account=neighbours.mine.id, total="2950", currency="EUR")
    await Store(database).settle([only_mine])
    platform_key = await accounts.create_key(
        neighbours.mine.id, live=True, name="p", scopes=SCOPES, platforms=["moneybird"]
    )
    order, receipt = "/api/v1/orders/custom/2026%2F042", f"/api/v1/receipts/{only_mine.id}"
    async with running_console(
        neighbours.mine.live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix="unused"
    ) as client:
        found = await client.get(order)
        assert (found.status, found.document["order"]["total"]) == (200, "2950.00")
        assert (await client.get(receipt)).status == 200
        for key in (neighbours.other.live.key, neighbours.mine.test.key, neighbours.other.test.key):
            missing = await client.get(order, key)
            assert (missing.status, missing.document["code"]) == (404, "order_not_found")
            missing = await client.get(receipt, key)
            assert (missing.status, missing.document["code"]) == (404, "receipt_not_found")
            assert missing.headers["Retry-After"] == "1"
        assert (await client.get(order, platform_key.key)).status == 403
        assert (await client.get(receipt, platform_key.key)).status == 404
        for path in ("/api/v1/orders/custom/%00", "/api/v1/orders/custom/%ff", "/api/v1/receipts/nonsense"):
            answer = await client.get(path)
            assert answer.status == 404, path
            assert answer.is_problem()
