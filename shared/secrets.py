"""Secrets at rest: what must be read again (webhook secrets, channel tokens) is stored sealed, never as it is.

Sealing is Fernet (AES-128-CBC with HMAC-SHA256, https://github.com/fernet/spec). The setting BUGALOU_SECRET_KEYS holds
its keys: the first seals, each of them opens, so that a key can be replaced while services run. Sealed columns have the
type `sealed` of the schema: it refuses plain text, and by it `bugalou secrets rotate` finds all of them.
"""

import re
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.errors import SecretsUnavailable

_SEPARATOR: Final = re.compile(r"[,\s]+")
_MISSING: Final = "BUGALOU_SECRET_KEYS is not set: `bugalou secrets generate` makes a key"


class Secrets:
    """Seals and opens secrets. Never log what it is given or gives."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take Fernet keys, the one that seals first; with none, every use raises `SecretsUnavailable`."""
        self._first = Fernet(keys[0]) if keys else None
        self._all = MultiFernet([Fernet(key) for key in keys]) if keys else None

    @property
    def is_usable(self) -> bool:
        """Whether there is any key."""
        return self._all is not None

    def seal(self, plain: str) -> str:
        """Return what may be stored."""
        if self._first is None:
            raise SecretsUnavailable(_MISSING)
        return self._first.encrypt(plain.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return what was sealed, under whichever of the keys."""
        if self._all is None:
            raise SecretsUnavailable(_MISSING)
        try:
            return self._all.decrypt(sealed).decode()
        except InvalidToken:
            raise SecretsUnavailable("a secret was sealed under a key that BUGALOU_SECRET_KEYS does not hold") from None

    def reseal(self, sealed: str) -> str | None:
        """Return a secret sealed under the first key, or None where it is so already."""
        plain = self.open(sealed)
        try:
            if self._first is not None:
                self._first.decrypt(sealed)
        except InvalidToken:
            return self.seal(plain)
        return None


def generate_key() -> str:
    """Return a new key: 32 random bytes in URL-safe base64."""
    return Fernet.generate_key().decode()


def split_keys(setting: str) -> tuple[str, ...]:
    """Return the keys in a setting, which commas or white space separate."""
    return tuple(filter(None, _SEPARATOR.split(setting)))


def is_key(text: str) -> bool:
    """Tell whether a text has the form of a key."""
    try:
        Fernet(text)
    except ValueError:
        return False
    return True
