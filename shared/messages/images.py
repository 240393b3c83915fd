"""Images that travel inside a message."""

import base64
from collections.abc import Sequence

from msgspec import Struct


class Image(Struct, frozen=True):
    """A PNG that the page shows as `cid:` and this name."""

    cid: str
    png: bytes


def embed(page: str, images: Sequence[Image]) -> str:
    """Return a message's page with its images in it (RFC 2397), for whoever shows it outside of its e-mail."""
    for image in images:
        written = f"data:image/png;base64,{base64.b64encode(image.png).decode()}"
        page = page.replace(f'src="cid:{image.cid}"', f'src="{written}"')
    return page
