"""The files that a browser gets as they are, held in memory with what HTTP wants to know of them."""

import gzip
import re
from hashlib import blake2b
from importlib.resources import files
from typing import Final

from aiohttp import web
from msgspec import Struct

REVALIDATE: Final = "no-cache"
"""A copy may be kept, and is asked about each time."""
FOR_EVER: Final = "public, max-age=31536000, immutable"
"""For files with their version in their address."""

_GZIP: Final = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
_SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Asset(Struct, frozen=True):
    """One file, whole and compressed."""

    body: bytes
    compressed: bytes
    content_type: str
    etag: str
    cache: str

    def answer(self, request: web.Request, more: dict[str, str] | None = None) -> web.Response:
        """Answer with the file, or with 304 where the client has it."""
        headers = {
            "ETag": self.etag,
            "Cache-Control": self.cache,
            "Vary": "Accept-Encoding",
            **_SECURITY,
            **(more or {}),
        }
        known = request.if_none_match or ()
        if any(etag.value in ("*", self.etag[3:-1]) for etag in known):
            return web.Response(status=304, headers=headers)
        body = self.body
        if _GZIP.search(request.headers.get("Accept-Encoding", "")):
            headers["Content-Encoding"], body = "gzip", self.compressed
        headers["Content-Type"] = self.content_type
        return web.Response(body=body, headers=headers)


def load(path: str, content_type: str, cache: str = REVALIDATE) -> Asset:
    """Return a file of the console's folder `static`."""
    body = (files("services.console") / "static").joinpath(*path.split("/")).read_bytes()
    # Weak: it stands for the file in either encoding.
    etag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
    return Asset(body, gzip.compress(body, mtime=0), content_type, etag, cache)
