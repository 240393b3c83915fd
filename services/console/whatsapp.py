"""The table `whatsapp_accounts`: with what each account speaks to WhatsApp, its secrets sealed and never shown."""

from typing import Final
from uuid import UUID

import msgspec

from services.console.documents.settings import WhatsAppAccess
from services.console.tenancy import as_tenant
from services.console.whatsapp_body import WhatsAppDraft
from shared.database import Connection, Database, Row
from shared.errors import InvalidInput
from shared.keys import ApiKey
from shared.secrets import Secrets

_SHOWN: Final = """
    kept.account_id, phone_number_id, api_version, link_base, template_names::text AS template_names, has_app_secret,
    has_verify_token
"""
_READ: Final = f"SELECT {_SHOWN} FROM whatsapp_accounts AS kept WHERE account_id = $1"
_LOCK_ACCOUNT: Final = "SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE"
# A secret that is not given stays as it is.
_REPLACE: Final = f"""
INSERT INTO whatsapp_accounts AS kept
    (account_id, phone_number_id, api_version, link_base, template_names, token, app_secret, verify_token)
VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7, $8)
ON CONFLICT (account_id) DO UPDATE SET
    phone_number_id = excluded.phone_number_id, api_version = excluded.api_version, link_base = excluded.link_base,
    template_names = excluded.template_names, token = excluded.token,
    app_secret = coalesce(excluded.app_secret, kept.app_secret),
    verify_token = coalesce(excluded.verify_token, kept.verify_token), updated_at = now()
RETURNING {_SHOWN}
"""
_UPDATE: Final = f"""
UPDATE whatsapp_accounts AS kept SET
    phone_number_id = $2, api_version = $3, link_base = $4, template_names = $5::text::jsonb,
    app_secret = coalesce($6, app_secret), verify_token = coalesce($7, verify_token), updated_at = now()
WHERE account_id = $1 RETURNING {_SHOWN}
"""
_DELETE: Final = "DELETE FROM whatsapp_accounts WHERE account_id = $1 RETURNING account_id"


class WhatsAppAccounts:
    """Keeps each account's access to WhatsApp; one use-case is one transaction."""

    def __init__(self, reading: Database, writing: Database, secrets: Secrets) -> None:
        self._reading = reading
        self._writing = writing
        self._secrets = secrets

    async def read(self, key: ApiKey) -> WhatsAppAccess | None:
        """Return an account's access as it may be shown, or None where there is none."""
        async with as_tenant(self._reading, key) as connection:
            row = await connection.fetchrow(_READ, key.account)
        return None if row is None else _shown(row)

    async def shown(self, account: UUID) -> WhatsAppAccess | None:
        """Return the same to an operator."""
        async with self._writing.transaction(readonly=True) as connection:
            row = await connection.fetchrow(_READ, account)
        return None if row is None else _shown(row)

    async def replace(self, account: UUID, draft: WhatsAppDraft) -> WhatsAppAccess | None:
        """Put another access in the place of an account's; secrets that are not given stay as they are.

        Return the access as it is now, or None where there is neither a token to keep nor a new one. Raise
        `InvalidInput` where there is no such account.
        """
        token, app_secret, verify_token = map(self._sealed, (draft.token, draft.app_secret, draft.verify_token))
        names = msgspec.json.encode(draft.template_names).decode()
        fields = (account, draft.phone_number_id, draft.api_version, draft.link_base, names)
        async with self._writing.transaction(account=account) as connection:
            await _lock(connection, account)
            if token is not None:
                row = await connection.fetchrow(_REPLACE, *fields, token, app_secret, verify_token)
            else:
                row = await connection.fetchrow(_UPDATE, *fields, app_secret, verify_token)
        return None if row is None else _shown(row)

    async def delete(self, account: UUID) -> bool:
        """Forget an account's access, secrets included; return whether there was one."""
        async with self._writing.transaction(account=account) as connection:
            return await connection.fetchval(_DELETE, account) is not None

    def _sealed(self, plain: str | None) -> str | None:
        return None if plain is None else self._secrets.seal(plain)


async def _lock(connection: Connection, account: UUID) -> None:
    if await connection.fetchval(_LOCK_ACCOUNT, account) is None:
        raise InvalidInput(f"There is no account {account}")


def _shown(row: Row) -> WhatsAppAccess:
    return WhatsAppAccess(
        status_webhook=f"/hooks/whatsapp/{row['account_id']}",
        phone_number_id=row["phone_number_id"],
        api_version=row["api_version"],
        link_base=row["link_base"],
        template_names=msgspec.json.decode(row["template_names"], type=dict[str, str]),
        token="set",  # noqa: S106  # no password
        app_secret="set" if row["has_app_secret"] else "not set",
        verify_token="set" if row["has_verify_token"] else "not set",
    )
