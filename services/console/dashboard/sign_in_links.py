"""The table `sign_in_links`: links that sign in once, made on the command line; only their hashes are stored."""

import re
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.console.dashboard.sessions import Sessions, end_all
from shared.database import Database
from shared.errors import InvalidInput

PATH: Final = "/dashboard/sign-in/link"
LASTS: Final = timedelta(minutes=30)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

_SWEEP: Final = "DELETE FROM sign_in_links WHERE expires_at < now()"
_ADD: Final = """
INSERT INTO sign_in_links (digest, account_id, livemode, expires_at)
SELECT $1, id, $3, now() + $4::interval FROM accounts WHERE id = $2 RETURNING digest
"""
_IS_GOOD: Final = "SELECT 1 FROM sign_in_links WHERE digest = $1 AND expires_at > now()"
_REDEEM: Final = """
DELETE FROM sign_in_links WHERE digest = $1 AND expires_at > now() RETURNING account_id, livemode
"""
_FORGET: Final = "DELETE FROM sign_in_links WHERE account_id = $1"


class SignInLinks:
    """Keeps links; every use-case is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, account: UUID, *, live: bool, lasts: timedelta = LASTS) -> str:
        """Return the path and query of a link, which is shown this once."""
        token = secrets.token_urlsafe(32)
        async with self._database.transaction() as connection:
            await connection.execute(_SWEEP)
            if await connection.fetchval(_ADD, _digest(token), account, live, lasts) is None:
                raise InvalidInput(f"There is no account {account}")
        return f"{PATH}?token={token}"

    async def is_good(self, token: str) -> bool:
        """Tell whether a link can still be used; looking does not use it up."""
        if _TOKEN.fullmatch(token) is None:
            return False
        async with self._database.transaction(readonly=True) as connection:
            return await connection.fetchval(_IS_GOOD, _digest(token)) is not None

    async def redeem(self, token: str, sessions: Sessions) -> str | None:
        """Use a link up and sign in; return the cookie's value. None for a link that is used, expired or unknown."""
        if _TOKEN.fullmatch(token) is None:
            return None
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_REDEEM, _digest(token))
            if row is None:
                return None
            return await sessions.add(connection, row["account_id"], key_id=None, live=row["livemode"])

    async def sign_out_all(self, account: UUID) -> None:
        """End every session of an account, and its links that nobody has used."""
        async with self._database.transaction() as connection:
            await connection.execute(_FORGET, account)
            await end_all(connection, account)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
