"""The table `settings`: one document per account."""

from typing import Final

import msgspec

from services.console.tenancy import as_tenant
from shared.account_settings import AccountSettings, read_account_settings
from shared.database import Database
from shared.errors import DataError, Fault, InvalidInput
from shared.keys import ApiKey

_READ: Final = "SELECT document::text FROM settings WHERE account_id = $1"
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

    async def replace(self, key: ApiKey, settings: AccountSettings) -> None:
        """Put other settings in the place of an account's; raise `InvalidInput` for a time zone unknown to Postgres."""
        document = msgspec.json.encode(settings).decode()
        try:
            async with self._writing.transaction() as connection:
                await connection.execute(_TRY_ZONE, settings.timezone)
                await connection.execute(_REPLACE, key.account, document)
        except DataError as error:
            if error.sqlstate != "22023":
                raise
            fault = Fault("/timezone", "is a time zone that the database does not know")
            raise InvalidInput("The body cannot be taken: 1 field is wrong", (fault,)) from error
