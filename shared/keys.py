"""API keys: their form, and what a known one may do.

`bg_live_` or `bg_test_`, 30 base62 characters from the system's CSPRNG, and 6 that are the CRC32 of all before them, so
that a typo is refused without a look-up (the form of GitHub's tokens). Only the SHA-256 of a key is ever stored.
"""

import re
import secrets
import zlib
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = [high + low for high in _ALPHABET for low in _ALPHABET]
"""The numbers below 62 squared, each as two digits: every request has its key's checksum made."""
_RANDOM: Final = 30
_CHECKSUM: Final = 6
_FORM: Final = re.compile(r"bg_(?:live|test)_[0-9A-Za-z]{36}", re.ASCII)

Scope = Literal["orders:write", "orders:read", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("orders:write", "orders:read", "admin")


class ApiKey(Struct, frozen=True):
    """A key as the services know it; times are in microseconds since 1970, `platforms` None means any."""

    id: UUID
    account: UUID
    live: bool
    name: str
    scopes: frozenset[str]
    platforms: frozenset[str] | None
    expires_at: int | None
    revoked_at: int | None

    def is_usable(self, now: int) -> bool:
        """Tell whether the key is neither expired nor revoked; no clock that is behind makes a revoked one usable."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def allows(self, scope: Scope) -> bool:
        """Tell whether the key has a scope; `admin` has them all."""
        return scope in self.scopes or "admin" in self.scopes


def make_key(*, live: bool) -> str:
    """Return a new key; it is shown once and can never be had again."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    start = f"bg_{'live' if live else 'test'}_{random}"
    return start + _checksum(start)


def is_well_formed(key: str) -> bool:
    """Tell whether a key could exist: prefix, length, alphabet and checksum."""
    return _FORM.fullmatch(key) is not None and _checksum(key[:-_CHECKSUM]) == key[-_CHECKSUM:]


def digest_of(key: str) -> bytes:
    """Return the SHA-256 by which a key is stored and found; 30 random characters need no slow hash."""
    return sha256(key.encode()).digest()


def hint_of(key: str) -> str:
    """Return what may be shown of a key: its prefix and last four characters."""
    return f"{key[:8]}...{key[-4:]}"


def _checksum(text: str) -> str:
    high, low = divmod(zlib.crc32(text.encode()), len(_PAIRS))
    higher, high = divmod(high, len(_PAIRS))
    return _PAIRS[higher] + _PAIRS[high] + _PAIRS[low]
