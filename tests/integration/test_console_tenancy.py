"""Row-level security: under the console's role, a query without a WHERE sees one tenant's world and platforms only."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from services.console.tenancy import ROLE, as_tenant
from services.worker.failures import Failures
from services.worker.store import Store
from shared.database import Database
from shared.keys import ApiKey
from shared.orders.identity import Identity
from tests.submissions import submission

ONE, TWO = UUID(int=1), UUID(int=2)
TENANT_TABLES = ("orders", "submissions", "notifications", "attempts", "failures")
ACCOUNT_TABLES = {"settings": "account_id", "accounts": "id", "api_keys": "account_id"}


def key_of(account: UUID, *, live: bool = True, platforms: frozenset[str] | None = None) -> ApiKey:
    return ApiKey(UUID(int=9), account, live, "n", frozenset({"admin"}), platforms, None, None)


@pytest.fixture
async def reading(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, purpose="test console", most=2, role=ROLE)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def filled(database: Database) -> None:
    """The same in two accounts, both worlds and two platforms."""
    for account in (ONE, TWO):
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO accounts (id, name) VALUES ($1, 'x')", account)
            await connection.execute("INSERT INTO settings (account_id) VALUES ($1)", account)
            await connection.execute(
                "INSERT INTO api_keys (id, account_id, livemode, name, digest, hint, scopes)"
                " VALUES ($1, $2, true, 'x', sha256($3), 'x', '{}')",
                uuid4(), account, account.bytes,
            )  # fmt: skip
        for live in (True, False):
            for platform in ("custom", "moneybird"):
                made = submission("1", account=account, live=live, customerName="x")
                order_id = Identity(account, live, platform, "1").order_id()
                made = replace(made, platform=platform, order_id=order_id)
                await Store(database).settle([made])
                await Failures(database).add(cause="x", reason="x", body=made.id.bytes, submission=made)
                async with database.transaction() as connection:
                    notification = uuid4()
                    await connection.execute(
                        "INSERT INTO notifications (id, account_id, livemode, order_id, kind, event_type, run_id,"
                        " channel, state, due_at)"
                        " VALUES ($1, $2, $3, $4, 'reminder', 'payment.overdue', $5, 'email', 'planned', now())",
                        notification, account, live, order_id, made.id,
                    )  # fmt: skip
                    await connection.execute(
                        "INSERT INTO attempts (id, notification_id, account_id, livemode, started_at)"
                        " VALUES ($1, $2, $3, $4, now())",
                        uuid4(), notification, account, live,
                    )  # fmt: skip


@pytest.mark.usefixtures("filled")
async def test_dropping_the_where_leaks_nothing(reading: Database) -> None:
    for account in (ONE, TWO):
        for live in (True, False):
            async with as_tenant(reading, key_of(account, live=live)) as connection:
                for table in TENANT_TABLES:
                    rows = await connection.fetch(f"SELECT account_id, livemode FROM {table}")
                    assert {tuple(row) for row in rows} == {(account, live)}, table
                    assert len(rows) == 2
                for table, column in ACCOUNT_TABLES.items():
                    assert [row[0] for row in await connection.fetch(f"SELECT {column} FROM {table}")] == [account]


@pytest.mark.usefixtures("filled")
async def test_platforms_off_the_keys_list_do_not_exist(reading: Database) -> None:
    lists: dict[frozenset[str] | None, set[str]] = {
        None: {"custom", "moneybird"},
        frozenset({"custom"}): {"custom"},
        frozenset({"custom", "moneybird", "exact"}): {"custom", "moneybird"},
        frozenset({"Custom", "custom,moneybird", "{custom}"}): set(),
        frozenset(): set(),
    }
    for platforms, seen in lists.items():
        async with as_tenant(reading, key_of(ONE, platforms=platforms)) as connection:
            for table in ("orders", "submissions"):
                rows = await connection.fetch(f"SELECT platform FROM {table}")
                assert {row["platform"] for row in rows} == seen, (platforms, table)


@pytest.mark.usefixtures("filled")
async def test_without_a_tenant_there_is_nothing(reading: Database) -> None:
    async with as_tenant(reading, key_of(ONE)) as connection:
        assert await connection.fetchval("SELECT count(*) FROM orders") == 2
    for _ in range(3):  # the connection that was a tenant's is nobody's afterwards
        async with reading.transaction(readonly=True) as connection:
            for table in (*TENANT_TABLES, "settings", "accounts"):
                assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT digest FROM api_keys",
        "SELECT * FROM outbox",
        "SELECT * FROM idempotency_keys",
        "UPDATE orders SET total = 1",
        "DELETE FROM submissions",
        "INSERT INTO failures (id) VALUES (gen_random_uuid())",
        "SET LOCAL row_security = off; SELECT * FROM orders",
        "CREATE TABLE x (y int)",
    ],
)
async def test_the_role_may_read_what_it_is_given_and_nothing_else(reading: Database, statement: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        async with reading.transaction() as connection:
            await connection.execute(statement)
    assert refused.value.sqlstate == "42501"
