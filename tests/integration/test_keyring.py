"""The keys and limits in memory: what one account has set never keeps another's from being loaded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.console.accounts import Accounts
from shared.database import Database
from shared.keyring import Keyring
from shared.keys import SCOPES
from tests.polling import eventually
from tests.tenant import Tenant


@asynccontextmanager
async def running_keyring(database: Database) -> AsyncIterator[Keyring]:
    keyring = Keyring(database)
    running = asyncio.ensure_future(keyring.run())
    try:
        yield keyring
    finally:
        keyring.stop()
        await running


async def set_limit(database: Database, account: Tenant, limit: str) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE settings SET document = jsonb_build_object('rateLimit', $2::text::jsonb) WHERE account_id = $1",
            account.id,
            limit,
        )


@pytest.mark.parametrize(
    "limit",
    [
        '{"requestsPerSecond": "many", "burst": 1}',
        '{"requestsPerSecond": 0, "burst": 1}',
        '{"requestsPerSecond": 1, "burst": 0}',
        '{"burst": 1}',
        "{}",
    ],
)
async def test_limit_that_nobody_can_read_counts_as_none(
    database: Database, accounts: Accounts, account: Tenant, limit: str
) -> None:
    other = Tenant(*await accounts.create("Another", SCOPES))
    await set_limit(database, account, limit)
    await set_limit(database, other, '{"requestsPerSecond": 1, "burst": 2}')
    async with running_keyring(database) as keyring:
        await eventually(lambda: keyring.is_loaded, what="the keys are loaded")
        assert keyring.find(account.live.key) is not None
        assert keyring.rate_limits.admit(account.id) is None
        assert keyring.rate_limits.admit(other.id) is not None


async def test_keys_expire_by_postgres_clock_and_not_by_the_hosts(
    database: Database, account: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_keyring(database) as keyring:
        await eventually(lambda: keyring.is_loaded, what="the keys are loaded")
        monkeypatch.setattr("time.time_ns", lambda: 0)
        monkeypatch.setattr("time.time", lambda: 0.0)
        async with database.transaction() as connection:
            now = await connection.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        assert abs(keyring.now() - now) < 5_000_000
