"""Images that travel inside a message."""

from msgspec import Struct


class Image(Struct, frozen=True):
    """A PNG that the page shows as `cid:` and this name."""

    cid: str
    png: bytes
