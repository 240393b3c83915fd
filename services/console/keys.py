"""The table `api_keys`, as an account sees it: its own keys, made, listed, rotated and revoked over HTTP.

A key manages the keys of its account. One of the test world knows those of the test world alone: could it rotate a live
key, it would have one. Nor does a key that is for some platforms manage one that is for others.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.console.accounts import KeyRow, NewKey, add_key, key_row
from services.console.key_body import KeyDraft
from services.console.orders import Shown
from services.console.paging import Paging, Place, fetch_page
from services.console.tenancy import as_tenant
from shared.database import Connection, Database, Row
from shared.http.problems import Problem
from shared.keys import ApiKey
from shared.orders.moments import write_moment

MOST_USABLE: Final = 200
"""Of one account: every gateway holds all keys in memory, and loads them anew with each change."""
MOST_ENDED: Final = 500
"""So many revoked and expired ones are kept, those that ended last."""

PLACE: Final = tuple[datetime, UUID]
"""The type of a place in the list: when it was made, and its id."""

_COLUMNS: Final = "id, account_id, livemode, name, hint, scopes, platforms, created_at, expires_at, revoked_at"
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM api_keys WHERE account_id = $1 AND ($2 OR NOT livemode)
AND ($3::timestamptz IS NULL OR (created_at, id) < ($3::timestamptz, $4::uuid))
ORDER BY created_at DESC, id DESC LIMIT $5
"""
_LOCK: Final = f"""
SELECT {_COLUMNS} FROM api_keys WHERE account_id = $1 AND ($2 OR NOT livemode) AND id = $3 FOR UPDATE
"""
_REVOKE: Final = (
    "UPDATE api_keys SET revoked_at = now() WHERE account_id = $1 AND id = $2 AND coalesce(revoked_at > now(), true)"
)
_EXPIRE: Final = """
UPDATE api_keys SET expires_at = least(coalesce(expires_at, 'infinity'), $3) WHERE account_id = $1 AND id = $2
"""
# Two that are made at once are counted one after the other.
_LOCK_ACCOUNT: Final = "SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE"
_COUNT: Final = """
SELECT count(*) FROM api_keys WHERE account_id = $1 AND revoked_at IS NULL AND coalesce(expires_at > now(), true)
"""
_FORGET: Final = """
DELETE FROM api_keys WHERE id IN (
    SELECT id FROM api_keys WHERE account_id = $1 AND (revoked_at IS NOT NULL OR expires_at <= now())
    ORDER BY least(revoked_at, expires_at) DESC, id DESC OFFSET $2)
"""


class KeysStore:
    """Keeps the keys of the account that a caller's key is of; raises `Problem` for what the caller may not do."""

    def __init__(self, reading: Database, writing: Database) -> None:
        self._reading = reading
        self._writing = writing

    async def page(self, caller: ApiKey, paging: Paging) -> tuple[list[Shown], str | None]:
        """Return a page of keys, the newest first, and the cursor of the next."""
        values = (caller.account, caller.live, *(paging.after or (None, None)), paging.fetched)
        async with as_tenant(self._reading, caller) as connection:
            page = await fetch_page(connection, _PAGE, values, paging, _place_of)
        return [_view(key_row(row)) for row in page.rows], page.next_cursor

    async def create(self, caller: ApiKey, draft: KeyDraft) -> NewKey:
        """Make a key that may do no more than the caller's; raise 409 where the account has as many as it may have."""
        live = caller.live if draft.live is None else draft.live
        if live and not caller.live:
            raise Problem(403, "live_key_refused", "A key of the test world cannot make one of the live world")
        missing = [scope for scope in draft.scopes if scope not in caller.scopes and "admin" not in caller.scopes]
        if missing:
            raise Problem(403, "missing_scope", f"This API key cannot give what it lacks: {', '.join(missing)}")
        _allow_platforms(caller, draft.platforms)
        async with self._writing.transaction(account=caller.account) as connection:
            await _make_room(connection, caller.account)
            return await add_key(
                connection, caller.account, live, draft.name, draft.scopes, draft.platforms, draft.expires_at
            )

    async def revoke(self, caller: ApiKey, key_id: UUID) -> None:
        """Revoke a key for good; every gateway refuses it within two seconds. Doing it again changes nothing."""
        async with self._writing.transaction(account=caller.account) as connection:
            await _lock(connection, caller, key_id)
            await connection.execute(_REVOKE, caller.account, key_id)

    async def rotate(self, caller: ApiKey, key_id: UUID, overlap: timedelta) -> NewKey:
        """Make a key with the same rights as another, which goes on working for `overlap`."""
        async with self._writing.transaction(account=caller.account) as connection:
            await _make_room(connection, caller.account)
            old = await _lock(connection, caller, key_id)
            now = datetime.now(UTC)
            if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
                raise Problem(
                    409, "key_not_usable", "A key that is revoked or expired cannot be rotated: make a new one"
                )
            await connection.execute(_EXPIRE, caller.account, key_id, now + overlap)
            return await add_key(connection, old.account, old.live, old.name, old.scopes, old.platforms, old.expires_at)


def key_not_found() -> Problem:
    """Return the problem of a key that does not exist, or not for the caller."""
    return Problem(404, "key_not_found", "There is no API key of this id in this account")


async def _lock(connection: Connection, caller: ApiKey, key_id: UUID) -> KeyRow:
    row = await connection.fetchrow(_LOCK, caller.account, caller.live, key_id)
    if row is None:
        raise key_not_found()
    found = key_row(row)
    _allow_platforms(caller, found.platforms)
    return found


async def _make_room(connection: Connection, account: UUID) -> None:
    """Forget the keys that ended long ago, and raise 409 where too many still work."""
    await connection.execute(_LOCK_ACCOUNT, account)
    await connection.execute(_FORGET, account, MOST_ENDED)
    if await connection.fetchval(_COUNT, account) >= MOST_USABLE:
        sentence = f"An account has at most {MOST_USABLE} API keys that work: revoke some that nobody uses"
        raise Problem(409, "too_many_keys", sentence)


def _allow_platforms(caller: ApiKey, platforms: object) -> None:
    """Raise 403 where a key would be for platforms that the caller's is not for."""
    if caller.platforms is None:
        return
    if not isinstance(platforms, list) or not caller.platforms.issuperset(platforms):
        sentence = "This API key is for some platforms only, and cannot manage a key that is for others"
        raise Problem(403, "platform_not_allowed", sentence)


def _place_of(row: Row) -> Place:
    return row["created_at"], row["id"]


def _view(key: KeyRow) -> Shown:
    return {
        "id": str(key.id),
        "name": key.name,
        "hint": key.hint,
        "live": key.live,
        "scopes": key.scopes,
        "platforms": key.platforms,
        "createdAt": write_moment(key.created_at),
        "expiresAt": write_moment(key.expires_at),
        "revokedAt": write_moment(key.revoked_at),
    }
