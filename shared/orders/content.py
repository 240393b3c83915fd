"""The content of a submission: the normalised fields that it sets and clears, and the fingerprint of that."""

from hashlib import blake2b
from typing import Any

import msgspec

from shared.errors import Fault

_deterministic = msgspec.msgpack.Encoder(order="deterministic")


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one submission changes; two with equal contents say the same, whatever the order of their members was.

    `sets` maps the API's field names to normalised JSON values (amounts as shortest plain text), `clears` is sorted,
    and `occurred_at` is in microseconds since 1970.
    """

    sets: dict[str, Any]
    clears: tuple[str, ...] = ()
    occurred_at: int | None = None

    def fingerprint(self) -> bytes:
        """Return 16 bytes that are equal for equal contents and for no others (BLAKE2b)."""
        packed = _deterministic.encode((self.sets, self.clears, self.occurred_at))
        return blake2b(packed, digest_size=16).digest()

    def touches(self) -> set[str]:
        """Return the names of all fields that this sets or clears."""
        return {*self.sets, *self.clears}


class Draft(msgspec.Struct, frozen=True):
    """A valid request for one order, without a version yet: identity, content, and what was only worth a warning."""

    platform: str
    order_number: str
    content: Content
    warnings: tuple[Fault, ...] = ()
