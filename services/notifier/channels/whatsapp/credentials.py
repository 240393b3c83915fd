"""With what an account speaks to the Cloud API: sealed in Postgres, and kept in memory for seconds."""

from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from shared.database import Database
from shared.recent import Recent
from shared.secrets import Secrets

KEEP_SECONDS: Final = 5.0
"""How long a change of the credentials may stay unseen."""

_MOST: Final = 1_000

_READ: Final = "SELECT phone_number_id, token, api_version FROM whatsapp_accounts WHERE account_id = $1"


class Credentials(Struct, frozen=True):
    """One account's access to one phone number. Never log it: it holds a secret."""

    phone_number_id: str
    token: str
    api_version: str


class FindsCredentials(Protocol):
    """Knows the accounts' credentials."""

    async def of(self, account: UUID) -> Credentials | None:
        """Return an account's, or None where it has none; raise `Unavailable`."""
        ...


class StoredCredentials:
    """Reads them from the table `whatsapp_accounts`, which the console keeps."""

    def __init__(self, database: Database, secrets: Secrets) -> None:
        self._database = database
        self._secrets = secrets
        self._kept: Recent[UUID, Credentials | None] = Recent(seconds=KEEP_SECONDS, most=_MOST)

    async def of(self, account: UUID) -> Credentials | None:
        """Return an account's credentials, or None where it has none.

        Raise `DatabaseUnavailable`, or `SecretsUnavailable` where this process has no key that opens them.
        """
        if account in self._kept:
            return self._kept[account]
        async with self._database.transaction(readonly=True) as connection:
            row = await connection.fetchrow(_READ, account)
        if row is None:
            found = None
        else:
            found = Credentials(row["phone_number_id"], self._secrets.open(row["token"]), row["api_version"])
        self._kept[account] = found
        return found
