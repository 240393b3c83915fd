"""What the console answers about API keys."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from shared.keys import Scope
from shared.orders.documents import Timestamp


class Key(Struct, frozen=True, rename="camel"):
    """An API key as it may be shown: everything but the key."""

    id: UUID
    name: str
    hint: str
    live: bool
    scopes: list[Scope]
    platforms: list[str] | None
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None


class KeyAnswer(Struct, frozen=True):
    """A key that was just made; `key` is shown this once."""

    success: Literal[True]
    id: UUID
    key: str
