"""The table `dashboard_sessions`: who is signed in, with which rights, and which world they look at.

Only the hash of a cookie's value is stored. A session has the rights of the key that it was opened with, read anew with
each request, and ends with that key; one opened by a link from the command line is its account's, and may do all.
"""

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

from shared.database import Connection, Database, Row
from shared.keys import ApiKey

TOKEN_CHARACTERS: Final = 43
"""Of 32 random bytes as base64url."""
MOST_PER_ACCOUNT: Final = 200
"""The longest unused ones of an account end when there are more."""
_TOUCH: Final = timedelta(minutes=1)

_ADD: Final = """
INSERT INTO dashboard_sessions (digest, account_id, api_key_id, grants_live, shows_live, expires_at)
SELECT $1, $2, $3, $4, $4, now() + $5::interval
"""
# A key that is not for reading shows nothing; its session is none.
_FIND: Final = """
SELECT s.account_id, a.name AS account_name, s.grants_live, s.shows_live, s.api_key_id, s.id,
    k.name AS key_name, k.scopes, k.platforms, d.document->>'language' AS language, d.document->>'timezone' AS zone,
    s.seen_at < now() - $3::interval AS is_stale
FROM dashboard_sessions AS s JOIN accounts AS a ON a.id = s.account_id
    LEFT JOIN api_keys AS k ON k.id = s.api_key_id LEFT JOIN settings AS d ON d.account_id = s.account_id
WHERE s.digest = $1 AND s.expires_at > now() AND s.seen_at > now() - $2::interval
    AND (s.api_key_id IS NULL
        OR (coalesce(k.revoked_at > now(), k.id IS NOT NULL) AND coalesce(k.expires_at > now(), true)))
"""
_SEEN: Final = "UPDATE dashboard_sessions SET seen_at = now() WHERE digest = $1"
_END: Final = "DELETE FROM dashboard_sessions WHERE digest = $1"
_END_ALL: Final = "DELETE FROM dashboard_sessions WHERE account_id = $1"
_SHOW: Final = "UPDATE dashboard_sessions SET shows_live = $2 WHERE digest = $1"
_SWEEP: Final = """
DELETE FROM dashboard_sessions WHERE digest IN (
    SELECT digest FROM dashboard_sessions WHERE expires_at < now() OR seen_at < now() - $2::interval
    UNION ALL
    (SELECT digest FROM dashboard_sessions WHERE account_id = $1 ORDER BY seen_at DESC OFFSET $3)
    LIMIT 1000)
"""


class Session(Struct, frozen=True):
    """A person who is signed in; `key` is what they may do, as the readers and stores want it."""

    token: str
    account_name: str
    key: ApiKey
    language: str | None
    zone: str | None
    may_switch: bool

    @property
    def csrf_token(self) -> str:
        """What its forms must carry: another in each world, so that no stale page acts in the wrong one."""
        return hmac.new(self.token.encode(), b"live" if self.key.live else b"test", sha256).hexdigest()

    def can(self, scope: Literal["orders:read", "orders:write", "admin"]) -> bool:
        """Tell whether the session has a scope."""
        return self.key.allows(scope)


class Sessions:
    """Keeps sessions; every use-case is one transaction."""

    def __init__(self, database: Database, *, idle: timedelta, most: timedelta) -> None:
        self._database = database
        self._idle = idle
        self._most = most

    @property
    def most_seconds(self) -> int:
        """How long a session can last at most."""
        return int(self._most.total_seconds())

    async def open_by_key(self, key: ApiKey) -> str:
        """Sign in with an API key; return the cookie's value."""
        async with self._database.transaction() as connection:
            return await self.add(connection, key.account, key_id=key.id, live=key.live)

    async def add(self, connection: Connection, account: UUID, *, key_id: UUID | None, live: bool) -> str:
        """Sign in inside the caller's transaction; return the cookie's value."""
        token = secrets.token_urlsafe(32)
        await connection.execute(_ADD, _digest(token), account, key_id, live, self._most)
        await connection.execute(_SWEEP, account, self._idle, MOST_PER_ACCOUNT)
        return token

    async def find(self, token: str) -> Session | None:
        """Return the session of a cookie's value, which counts as used now; None where it has ended."""
        if len(token) != TOKEN_CHARACTERS or not token.isascii():
            return None
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_FIND, _digest(token), self._idle, _TOUCH)
            if row is None:
                return None
            if row["is_stale"]:
                await connection.execute(_SEEN, _digest(token))
        return _session(token, row)

    async def end(self, token: str) -> None:
        """Sign out."""
        async with self._database.transaction() as connection:
            await connection.execute(_END, _digest(token))

    async def show(self, session: Session, *, live: bool) -> None:
        """Look at the other world, where the session may."""
        if session.may_switch:
            async with self._database.transaction() as connection:
                await connection.execute(_SHOW, _digest(session.token), live)


async def end_all(connection: Connection, account: UUID) -> None:
    """Sign everybody of an account out."""
    await connection.execute(_END_ALL, account)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _session(token: str, row: Row) -> Session:
    by_link = row["api_key_id"] is None
    platforms = row["platforms"]
    scopes = frozenset(("admin",) if by_link else row["scopes"])
    # A live key with all rights could make itself one of the test world; any other sees its own world alone.
    may_switch = row["grants_live"] and "admin" in scopes and platforms is None
    key = ApiKey(
        row["id"] if by_link else row["api_key_id"],
        row["account_id"],
        row["shows_live"] if may_switch else row["grants_live"],
        "dashboard" if by_link else row["key_name"],
        scopes,
        None if platforms is None else frozenset(platforms),
        None,
        None,
    )
    return Session(token, row["account_name"], key, row["language"], row["zone"], may_switch)
