"""The tables `accounts`, `settings` and `api_keys`: tenants, and the keys that speak for them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct
from uuid_utils.compat import uuid7

from shared.database import Connection, Database, Row
from shared.errors import InvalidInput
from shared.keys import digest_of, hint_of, make_key
from shared.orders.text import text_fault

LONGEST_NAME: Final = 200
_ADD_ACCOUNT: Final = (
    "WITH a AS (INSERT INTO accounts (id, name) VALUES ($1, $2)) INSERT INTO settings (account_id) VALUES ($1)"
)
_ADD_KEY: Final = """
INSERT INTO api_keys (id, account_id, livemode, name, digest, hint, scopes, platforms, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_KEYS: Final = """
SELECT id, account_id, livemode, name, hint, scopes, platforms, created_at, expires_at, revoked_at
FROM api_keys WHERE ($1::uuid IS NULL OR account_id = $1) ORDER BY created_at, id
"""
_KEY: Final = """
SELECT id, account_id, livemode, name, hint, scopes, platforms, created_at, expires_at, revoked_at
FROM api_keys WHERE id = $1 FOR UPDATE
"""
_REVOKE: Final = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING id"
_EXPIRE: Final = "UPDATE api_keys SET expires_at = least(coalesce(expires_at, 'infinity'), $2) WHERE id = $1"


class KeyRow(Struct, frozen=True):
    """An API key as it may be shown: everything but the key."""

    id: UUID
    account: UUID
    live: bool
    name: str
    hint: str
    scopes: Sequence[str]
    platforms: Sequence[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKey(Struct, frozen=True):
    """A key that was just made; `key` is shown this once."""

    id: UUID
    key: str


class Accounts:
    """Keeps accounts and keys; every use-case is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, name: str, scopes: Sequence[str]) -> tuple[UUID, NewKey, NewKey]:
        """Make an account with a live and a test key of the given scopes; return its id and both."""
        fault = "must not be blank" if not name.strip() else text_fault(name)
        if fault is not None or len(name) > LONGEST_NAME:
            raise InvalidInput(
                f"An account's name signs its messages: it {fault or f'may have {LONGEST_NAME} characters'}"
            )
        account = uuid7()
        async with self._database.transaction() as connection:
            await connection.execute(_ADD_ACCOUNT, account, name)
            live = await add_key(connection, account, True, "first live key", scopes, None, None)
            test = await add_key(connection, account, False, "first test key", scopes, None, None)
        return account, live, test

    async def create_key(
        self,
        account: UUID,
        *,
        live: bool,
        name: str,
        scopes: Sequence[str],
        platforms: Sequence[str] | None = None,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Make a key for an account that exists."""
        async with self._database.transaction() as connection:
            if await connection.fetchval("SELECT 1 FROM accounts WHERE id = $1", account) is None:
                raise InvalidInput(f"There is no account {account}")
            return await add_key(connection, account, live, name, scopes, platforms, expires_at)

    async def keys(self, account: UUID | None = None) -> list[KeyRow]:
        """Return the keys of one account, or of all."""
        async with self._database.transaction(readonly=True) as connection:
            return [key_row(row) for row in await connection.fetch(_KEYS, account)]

    async def revoke(self, key_id: UUID) -> None:
        """Revoke a key for good; the gateways know within two seconds."""
        async with self._database.transaction() as connection:
            if await connection.fetchval(_REVOKE, key_id) is None:
                raise InvalidInput(f"There is no key {key_id}")

    async def rotate(self, key_id: UUID, overlap: timedelta) -> NewKey:
        """Make a key with the same rights as another, which goes on working for `overlap`."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_KEY, key_id)
            if row is None:
                raise InvalidInput(f"There is no key {key_id}")
            old = key_row(row)
            now = datetime.now(UTC)
            if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
                raise InvalidInput("A key that is revoked or expired cannot be rotated: make a new one")
            await connection.execute(_EXPIRE, key_id, now + overlap)
            return await add_key(connection, old.account, old.live, old.name, old.scopes, old.platforms, old.expires_at)


async def add_key(
    connection: Connection,
    account: UUID,
    live: bool,
    name: str,
    scopes: Sequence[str],
    platforms: Sequence[str] | None,
    expires_at: datetime | None,
) -> NewKey:
    """Make a key inside the caller's transaction."""
    new = NewKey(uuid7(), make_key(live=live))
    digest, hint = digest_of(new.key), hint_of(new.key)
    await connection.execute(_ADD_KEY, new.id, account, live, name, digest, hint, scopes, platforms, expires_at)
    return new


def key_row(row: Row) -> KeyRow:
    """Return what a row of `api_keys` holds."""
    return KeyRow(
        row["id"],
        row["account_id"],
        row["livemode"],
        row["name"],
        row["hint"],
        row["scopes"],
        row["platforms"],
        row["created_at"],
        row["expires_at"],
        row["revoked_at"],
    )
