"""The table `webhooks`, as an account sees it, with what was attempted, and what is to be sent again.

A webhook belongs to the live or the test world, as the key that made it. Its secret is stored sealed and shown once.
"""

import base64
import secrets as random
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct
from uuid_utils.compat import uuid7

from services.console.orders import Shown
from services.console.paging import Paging, Place, fetch_page
from services.console.tenancy import as_tenant
from services.console.webhook_body import Range, WebhookDraft
from shared.database import Connection, Database, Row
from shared.http.problems import Problem
from shared.keys import ApiKey
from shared.orders.moments import write_moment
from shared.secrets import Secrets
from shared.webhooks import CHANNEL, EVERY_EVENT

MOST_WEBHOOKS: Final = 20
"""In one world of an account."""
MOST_REPLAYED: Final = 50_000
"""Events of one replay."""
_SECRET_BYTES: Final = 32

PLACE: Final = tuple[datetime, UUID]
"""The type of a place in either list: a moment, and an id."""

_COLUMNS: Final = """
    id, url, events, description, livemode, enabled, disabled_reason, disabled_at, failing_since, paused_until,
    created_at, updated_at
"""
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM webhooks WHERE account_id = $1 AND livemode = $2
AND ($3::timestamptz IS NULL OR (created_at, id) < ($3::timestamptz, $4::uuid))
ORDER BY created_at DESC, id DESC LIMIT $5
"""
_ONE: Final = f"SELECT {_COLUMNS} FROM webhooks WHERE account_id = $1 AND livemode = $2 AND id = $3"
# Two that are made at once are counted one after the other.
_LOCK_ACCOUNT: Final = "SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE"
_COUNT: Final = "SELECT count(*) FROM webhooks WHERE account_id = $1 AND livemode = $2"
_ADD: Final = """
INSERT INTO webhooks (id, account_id, livemode, url, events, description, secret) VALUES ($3, $1, $2, $4, $5, $6, $7)
"""
# With another address, or enabled anew, its failures are forgotten.
_CHANGE: Final = f"""
UPDATE webhooks SET
    url = coalesce($4, url), events = coalesce($5::text[], events), description = coalesce($6, description),
    enabled = coalesce($7::boolean, enabled),
    disabled_reason = CASE $7 WHEN false THEN coalesce(disabled_reason, 'requested') WHEN true THEN NULL
        ELSE disabled_reason END,
    disabled_at = CASE $7 WHEN false THEN coalesce(disabled_at, now()) WHEN true THEN NULL ELSE disabled_at END,
    failing_since = CASE WHEN $7 OR $4 <> url THEN NULL ELSE failing_since END,
    last_failure_at = CASE WHEN $7 OR $4 <> url THEN NULL ELSE last_failure_at END,
    paused_until = CASE WHEN $7 OR $4 <> url THEN NULL ELSE paused_until END,
    is_slow = CASE WHEN $7 OR $4 <> url THEN false ELSE is_slow END,
    updated_at = now()
WHERE account_id = $1 AND livemode = $2 AND id = $3 RETURNING {_COLUMNS}
"""
_LOCK: Final = "SELECT disabled_reason FROM webhooks WHERE account_id = $1 AND livemode = $2 AND id = $3 FOR UPDATE"
_DELETE: Final = "DELETE FROM webhooks WHERE account_id = $1 AND livemode = $2 AND id = $3 RETURNING id"
_ROTATE: Final = """
UPDATE webhooks SET secret = $4, old_secret = secret, old_secret_until = now() + $5::interval, updated_at = now()
WHERE account_id = $1 AND livemode = $2 AND id = $3 RETURNING id
"""
_ATTEMPTS: Final = """
SELECT id, event_id, event_type, number, started_at, milliseconds, outcome, status, reason, response, next_try_at
FROM webhook_attempts WHERE account_id = $1 AND livemode = $2 AND webhook_id = $3
AND ($4::timestamptz IS NULL OR id < $5::uuid)
ORDER BY id DESC LIMIT $6
"""
_TARGET: Final = "SELECT enabled, events FROM webhooks WHERE account_id = $1 AND livemode = $2 AND id = $3"
# What is on its way already stays as it is.
_AGAIN: Final = """
ON CONFLICT (webhook_id, event_id) DO UPDATE SET state = 'pending', due_at = now(), attempts = 0
WHERE webhook_deliveries.claim IS NULL
"""
_REPLAY_EVENT: Final = f"""
INSERT INTO webhook_deliveries (webhook_id, event_id, event_created_at)
SELECT $3, id, created_at FROM outbox WHERE account_id = $1 AND livemode = $2 AND id = $4 {_AGAIN}
"""
_EVENT_EXISTS: Final = "SELECT 1 FROM outbox WHERE account_id = $1 AND livemode = $2 AND id = $3"
_IN_RANGE: Final = f"""
FROM outbox WHERE account_id = $1 AND livemode = $2 AND created_at >= $3 AND created_at < coalesce($4, now())
AND (type = ANY ($5::text[]) OR '{EVERY_EVENT}' = ANY ($5::text[]))
"""
_COUNT_RANGE: Final = f"SELECT count(*) FROM (SELECT 1 {_IN_RANGE} LIMIT {MOST_REPLAYED + 1}) AS found"
_REPLAY_RANGE: Final = f"""
INSERT INTO webhook_deliveries (webhook_id, event_id, event_created_at)
SELECT $6, id, created_at {_IN_RANGE} ORDER BY id {_AGAIN}
"""
_WAKE: Final = f"SELECT pg_notify('{CHANNEL}', '')"


class NewSecret(Struct, frozen=True):
    """The secret of a webhook, shown this once."""

    id: UUID
    secret: str


class WebhooksStore:
    """Keeps the webhooks of the account and world that a key is of; raises `Problem` for what the caller may not do."""

    def __init__(self, reading: Database, writing: Database, secrets: Secrets) -> None:
        self._reading = reading
        self._writing = writing
        self._secrets = secrets

    async def page(self, key: ApiKey, paging: Paging) -> tuple[list[Shown], str | None]:
        """Return a page of webhooks, the newest first, and the cursor of the next."""
        values = (key.account, key.live, *(paging.after or (None, None)), paging.fetched)
        async with as_tenant(self._reading, key) as connection:
            page = await fetch_page(connection, _PAGE, values, paging, _place_of)
        return [_view(row) for row in page.rows], page.next_cursor

    async def one(self, key: ApiKey, webhook: UUID) -> Shown:
        """Return one webhook."""
        async with as_tenant(self._reading, key) as connection:
            return _view(_found(await connection.fetchrow(_ONE, key.account, key.live, webhook)))

    async def create(self, key: ApiKey, draft: WebhookDraft) -> NewSecret:
        """Make a webhook; raise 409 where the account has as many as it may have."""
        new = NewSecret(uuid7(), make_secret())
        sealed = self._secrets.seal(new.secret)
        async with self._writing.transaction(account=key.account) as connection:
            await connection.execute(_LOCK_ACCOUNT, key.account)
            if await connection.fetchval(_COUNT, key.account, key.live) >= MOST_WEBHOOKS:
                raise Problem(409, "too_many_webhooks", f"An account has at most {MOST_WEBHOOKS} webhooks: delete one")
            await connection.execute(
                _ADD, key.account, key.live, new.id, draft.url, draft.events, draft.description, sealed
            )
        return new

    async def change(self, key: ApiKey, webhook: UUID, draft: WebhookDraft) -> Shown:
        """Change a webhook and return it; enabled anew, it starts with a clean slate."""
        values = (draft.url, draft.events, draft.description, draft.enabled)
        async with self._writing.transaction(account=key.account) as connection:
            reason = _found(await connection.fetchrow(_LOCK, key.account, key.live, webhook))["disabled_reason"]
            if draft.enabled and reason == "operator":
                sentence = "The operator of this installation has disabled the webhook, and can enable it"
                raise Problem(409, "disabled_by_operator", sentence)
            return _view(_found(await connection.fetchrow(_CHANGE, key.account, key.live, webhook, *values)))

    async def delete(self, key: ApiKey, webhook: UUID) -> None:
        """Delete a webhook; nothing more is sent to it."""
        async with self._writing.transaction(account=key.account) as connection:
            _found(await connection.fetchrow(_DELETE, key.account, key.live, webhook))

    async def rotate(self, key: ApiKey, webhook: UUID, overlap: timedelta) -> NewSecret:
        """Give a webhook another secret; for `overlap`, everything is signed with both."""
        new = NewSecret(webhook, make_secret())
        sealed = self._secrets.seal(new.secret)
        async with self._writing.transaction(account=key.account) as connection:
            _found(await connection.fetchrow(_ROTATE, key.account, key.live, webhook, sealed, overlap))
        return new

    async def attempts(self, key: ApiKey, webhook: UUID, paging: Paging) -> tuple[list[Shown], str | None]:
        """Return a page of a webhook's attempts, the newest first, and the cursor of the next."""
        values = (key.account, key.live, webhook, *(paging.after or (None, None)), paging.fetched)
        async with as_tenant(self._reading, key) as connection:
            _found(await connection.fetchrow(_ONE, key.account, key.live, webhook))
            page = await fetch_page(connection, _ATTEMPTS, values, paging, _place_of_attempt)
        return [_view_attempt(row) for row in page.rows], page.next_cursor

    async def replay(self, key: ApiKey, webhook: UUID, what: UUID | Range) -> int:
        """Send one event again, of whatever type, or those of a range that the webhook wants; return how many."""
        async with self._writing.transaction(account=key.account) as connection:
            target = _found(await connection.fetchrow(_TARGET, key.account, key.live, webhook))
            if not target["enabled"]:
                raise Problem(409, "webhook_disabled", "The webhook is disabled: enable it first")
            if isinstance(what, Range):
                done = await _replay_range(connection, key, webhook, what, target["events"])
            else:
                if await connection.fetchval(_EVENT_EXISTS, key.account, key.live, what) is None:
                    raise Problem(404, "event_not_found", "There is no event of this id, or it is not kept any more")
                done = await connection.execute(_REPLAY_EVENT, key.account, key.live, webhook, what)
            await connection.execute(_WAKE)
        return int(done.rpartition(" ")[2])


async def _replay_range(connection: Connection, key: ApiKey, webhook: UUID, what: Range, events: list[str]) -> str:
    values = (key.account, key.live, what.start, what.end, events)
    if await connection.fetchval(_COUNT_RANGE, *values) > MOST_REPLAYED:
        sentence = f"One replay is of at most {MOST_REPLAYED} events: choose a shorter range"
        raise Problem(422, "range_too_large", sentence)
    return await connection.execute(_REPLAY_RANGE, *values, webhook)


def make_secret() -> str:
    """Return a new secret in the form of Standard Webhooks: whsec_ and 24 to 64 random bytes in base64."""
    return "whsec_" + base64.b64encode(random.token_bytes(_SECRET_BYTES)).decode()


def webhook_not_found() -> Problem:
    """Return the problem of a webhook that does not exist, or not for the caller."""
    return Problem(404, "webhook_not_found", "There is no webhook of this id in this account")


def _found(row: Row | None) -> Row:
    if row is None:
        raise webhook_not_found()
    return row


def _place_of(row: Row) -> Place:
    return row["created_at"], row["id"]


def _place_of_attempt(row: Row) -> Place:
    return row["started_at"], row["id"]


def _view(row: Row) -> Shown:
    return {
        "id": str(row["id"]),
        "url": row["url"],
        "events": row["events"],
        "description": row["description"],
        "live": row["livemode"],
        "enabled": row["enabled"],
        "disabledReason": row["disabled_reason"],
        "disabledAt": write_moment(row["disabled_at"]),
        "failingSince": write_moment(row["failing_since"]),
        "pausedUntil": write_moment(row["paused_until"]),
        "createdAt": write_moment(row["created_at"]),
        "updatedAt": write_moment(row["updated_at"]),
    }


def _view_attempt(row: Row) -> Shown:
    return {
        "id": str(row["id"]),
        "eventId": str(row["event_id"]),
        "eventType": row["event_type"],
        "number": row["number"],
        "startedAt": write_moment(row["started_at"]),
        "milliseconds": row["milliseconds"],
        "outcome": row["outcome"],
        "status": row["status"],
        "reason": row["reason"],
        "response": row["response"],
        "nextTryAt": write_moment(row["next_try_at"]),
    }
