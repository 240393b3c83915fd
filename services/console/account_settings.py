"""The table `settings`: one document per account."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import msgspec

from services.console.tenancy import as_tenant
from shared.account_settings import AccountSettings, read_account_settings
from shared.database import Connection, Database
from shared.errors import DataError, Fault, InvalidInput
from shared.keys import ApiKey

_READ: Final = "SELECT document::text FROM settings WHERE account_id = $1"
_IS_ACCOUNT: Final = "SELECT 1 FROM accounts WHERE id = $1"
_LOCK: Final = "SELECT 1 FROM settings WHERE account_id = $1 FOR UPDATE"
_REPLACE: Final = """
INSERT INTO settings (account_id, document) VALUES ($1, $2::text::jsonb)
ON CONFLICT (account_id) DO UPDATE SET document = excluded.document, updated_at = now()
"""
# The overview's months are Postgres's to tell, whose list of time zones need not be Python's.
_TRY_ZONE: Final = "SELECT now() AT TIME ZONE $1"


class SettingsStore:
    """Reads settings as their tenant, and replaces them as the owner."""

    def __init__(self, reading: Database, writing: Database) -> None:
        self._reading = reading
        self._writing = writing

    async def read(self, key: ApiKey) -> AccountSettings:
        """Return an account's settings."""
        async with as_tenant(self._reading, key) as connection:
            return read_account_settings(await connection.fetchval(_READ, key.account))

    async def of(self, account: UUID) -> AccountSettings:
        """Return an account's settings to an operator; raise `InvalidInput` where there is no such account."""
        async with self._writing.transaction(readonly=True) as connection:
            return await _stored(connection, account)

    async def replace(self, key: ApiKey, settings: AccountSettings) -> None:
        """Put other settings in the place of an account's; raise `InvalidInput` for a time zone unknown to Postgres."""
        with _zones_checked():
            async with self._writing.transaction(account=key.account) as connection:
                await _replace(connection, key.account, settings)

    async def change(self, account: UUID, edit: Callable[[AccountSettings], AccountSettings]) -> AccountSettings:
        """Put in the place of an account's settings what `edit` makes of them; nobody changes them in between."""
        with _zones_checked():
            async with self._writing.transaction(account=account) as connection:
                await connection.execute(_LOCK, account)
                settings = edit(await _stored(connection, account))
                await _replace(connection, account, settings)
        return settings


async def _stored(connection: Connection, account: UUID) -> AccountSettings:
    if await connection.fetchval(_IS_ACCOUNT, account) is None:
        raise InvalidInput(f"There is no account {account}")
    return read_account_settings(await connection.fetchval(_READ, account))


async def _replace(connection: Connection, account: UUID, settings: AccountSettings) -> None:
    await connection.execute(_TRY_ZONE, settings.timezone)
    await connection.execute(_REPLACE, account, msgspec.json.encode(settings).decode())


@contextmanager
def _zones_checked() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        if error.sqlstate != "22023":
            raise
        fault = Fault("/timezone", "is a time zone that the database does not know")
        raise InvalidInput("The body cannot be taken: 1 field is wrong", (fault,)) from error
