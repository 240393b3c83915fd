"""Cursors of lists: where a page ended, sealed with the list that it belongs to.

A cursor is no secret and grants nothing; the seal is what tells one of another list, sort order, filter or account, or
one put together by hand, from the one that this list gave, so that no page is ever wrong in silence.
"""

import base64
import binascii
from hashlib import blake2b
from typing import Any, Final, TypeVar

import msgspec

MOST_CHARACTERS: Final = 2048
_SEAL_BYTES: Final = 12
T = TypeVar("T")

_pack: Final = msgspec.msgpack.Encoder().encode


def write_cursor(binding: tuple[Any, ...], place: Any) -> str:
    """Return the cursor of a place in the list that `binding` describes."""
    packed = _pack(place)
    return base64.urlsafe_b64encode(_seal(binding, packed) + packed).rstrip(b"=").decode()


def read_cursor(binding: tuple[Any, ...], text: str, place_type: type[T]) -> T | None:
    """Return the place in a cursor, or None where this list never gave it."""
    if len(text) > MOST_CHARACTERS:
        return None
    try:
        sealed = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        packed = sealed[_SEAL_BYTES:]
        if sealed[:_SEAL_BYTES] != _seal(binding, packed):
            return None
        return msgspec.msgpack.decode(packed, type=place_type)
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError):
        return None


def _seal(binding: tuple[Any, ...], packed: bytes) -> bytes:
    return blake2b(_pack((binding, packed)), digest_size=_SEAL_BYTES, person=b"bugalou cursor").digest()
