"""What Meta posts to an account's status webhook: checked, read, and kept for the notifier to apply.

Only what was signed with the account's app secret is read at all. A status that comes again is the same row, so that
a post may be repeated; one of a message that nobody knows is dropped by the notifier.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from shared.database import Database
from shared.errors import UNREADABLE, InvalidInput, MalformedJson, Unavailable
from shared.messages.formats import show_text
from shared.notifications import STATUSES_CHANNEL
from shared.recent import Recent
from shared.secrets import Secrets

_T = TypeVar("_T")

KEEP_SECONDS: Final = 5.0
"""How long a change of an account's secrets may stay unseen."""

_MOST_KEPT: Final = 1_000
_LONGEST_REFERENCE: Final = 255
_LONGEST_TITLE: Final = 300
_PREFIX: Final = "sha256="

MOST_WAITING: Final = 50_000
"""So many statuses of one account may wait for the notifiers; what is beyond is to be posted again later."""

_COUNT: Final = "SELECT count(*) FROM (SELECT FROM whatsapp_statuses WHERE account_id = $1 LIMIT $2) AS waiting"
_SECRETS: Final = "SELECT app_secret, verify_token FROM whatsapp_accounts WHERE account_id = $1"
_KEEP: Final = f"""
WITH kept AS (
    INSERT INTO whatsapp_statuses (account_id, reference, status, notification_id, code, title)
    SELECT $1, * FROM unnest($2::text[], $3::text[], $4::uuid[], $5::int[], $6::text[])
    ON CONFLICT DO NOTHING RETURNING 1
)
SELECT count(*), pg_notify('{STATUSES_CHANNEL}', '') FROM kept
"""

# What was read was delivered: of two statuses that say so, one may never come.
_STATUSES: Final = {"sent": "sent", "delivered": "delivered", "read": "delivered", "failed": "failed"}


class HookSecrets(Struct, frozen=True):
    """What an account's status webhook is checked with. Never log it."""

    app_secret: str | None
    verify_token: str | None

    def has_signed(self, body: bytes, signature: str) -> bool:
        """Tell whether a signature (`sha256=...`, in hexadecimal) is that of this body; takes as long for any."""
        if self.app_secret is None:
            return False
        expected = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"{_PREFIX}{expected}".encode(), signature.lower().encode("utf-8", "replace"))

    def knows(self, verify_token: str) -> bool:
        """Tell whether a verify token is the account's; takes as long for any."""
        if self.verify_token is None:
            return False
        return hmac.compare_digest(self.verify_token.encode(), verify_token.encode("utf-8", "replace"))


class Status(Struct, frozen=True):
    """One status of one message: `reference` is WhatsApp's id of it, `notification_id` our own where it came along."""

    reference: str
    status: str
    notification_id: UUID | None
    code: int | None
    title: str | None


class StatusInbox:
    """Finds what an account's webhook is checked with, and keeps what it was told."""

    def __init__(self, database: Database, secrets: Secrets, *, most_waiting: int = MOST_WAITING) -> None:
        self._database = database
        self._secrets = secrets
        self._most_waiting = most_waiting
        self._kept: Recent[UUID, HookSecrets | None] = Recent(seconds=KEEP_SECONDS, most=_MOST_KEPT)

    async def secrets_of(self, account: UUID) -> HookSecrets | None:
        """Return what an account's webhook is checked with, or None where it has no access to WhatsApp."""
        if account in self._kept:
            return self._kept[account]
        async with self._database.transaction(readonly=True) as connection:
            row = await connection.fetchrow(_SECRETS, account)
        found = None if row is None else HookSecrets(self._opened(row["app_secret"]), self._opened(row["verify_token"]))
        self._kept[account] = found
        return found

    async def keep(self, account: UUID, statuses: Sequence[Status]) -> int:
        """Keep statuses, and wake the notifiers; return how many had not come before.

        Raise `Unavailable` where too many wait already.
        """
        async with self._database.transaction() as connection:
            if await connection.fetchval(_COUNT, account, self._most_waiting) >= self._most_waiting:
                raise Unavailable("too many statuses of this account wait", retry_after_seconds=60)
            kept = await connection.fetchval(
                _KEEP,
                account,
                [status.reference for status in statuses],
                [status.status for status in statuses],
                [status.notification_id for status in statuses],
                [status.code for status in statuses],
                [status.title for status in statuses],
            )
        return int(kept)

    def _opened(self, sealed: str | None) -> str | None:
        return None if sealed is None else self._secrets.open(sealed)


class _Error(Struct, frozen=True):
    code: int | None = None
    title: str = ""


class _Status(Struct, frozen=True):
    id: str
    status: str
    errors: list[_Error] = []
    biz_opaque_callback_data: str | None = None


class _Value(Struct, frozen=True):
    statuses: list[Raw] = []


class _Change(Struct, frozen=True):
    value: Raw = Raw(b"null")


class _Entry(Struct, frozen=True):
    changes: list[_Change] = []


class _Post(Struct, frozen=True):
    entry: list[_Entry] = []


def read_statuses(body: bytes) -> list[Status]:
    """Return the statuses in a signed post, passing over all else that Meta tells of; raise 400 or 422 for nonsense.

    One status that is not as agreed is passed over alone.
    """
    try:
        post = msgspec.json.decode(body, type=_Post)
    except msgspec.ValidationError:
        raise InvalidInput("The body is no post of WhatsApp's") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedJson("The body is not valid JSON") from None
    found = {(status.reference, status.status): status for status in _statuses(post)}
    return list(found.values())


def _statuses(post: _Post) -> Iterator[Status]:
    for entry in post.entry:
        for change in entry.changes:
            value = _decoded(change.value, _Value)
            for raw in value.statuses if value is not None else ():
                status = _decoded(raw, _Status)
                if status is not None and status.status in _STATUSES and _is_reference(status.id):
                    yield _read(status)


def _decoded(raw: Raw, wanted: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(raw, type=wanted)
    except UNREADABLE:
        return None


def _is_reference(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_REFERENCE and text.isascii() and text.isprintable()


def _read(status: _Status) -> Status:
    error = status.errors[0] if status.errors else _Error()
    in_range = error.code is not None and 0 <= error.code < 2**31
    return Status(
        reference=status.id,
        status=_STATUSES[status.status],
        notification_id=_uuid(status.biz_opaque_callback_data),
        code=error.code if in_range else None,
        title=show_text(error.title)[:_LONGEST_TITLE] or None,
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
