"""The Cloud API over HTTP: one POST a message, bounded in time and size; its errors tell what is known of its fate."""

from typing import Final

import aiohttp
from msgspec import Struct
from yarl import URL

from services.notifier.channels.whatsapp.credentials import Credentials
from shared.errors import Unavailable

LARGEST_ANSWER_BYTES: Final = 64 * 1024
_IDLE_SECONDS: Final = 10.0
"""Shorter than any server's own patience: a message sent into a connection that is just being closed is in doubt."""

_JSON: Final = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


class Answer(Struct, frozen=True):
    """What the server said."""

    status: int
    body: bytes


class NotConnected(Unavailable):
    """There is no connection to the server, so nothing was sent."""


class InDoubt(Unavailable):
    """The message was sent and no answer came: it may have been taken."""


class CloudApi:
    """Posts messages over connections that are kept open between them; `base` is the address before the version."""

    def __init__(self, base: str, *, timeout_seconds: float, connections: int) -> None:
        self._base = URL(base)
        self._timeout = aiohttp.ClientTimeout(
            total=2 * timeout_seconds, sock_connect=timeout_seconds, sock_read=timeout_seconds
        )
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def post(self, credentials: Credentials, body: bytes) -> Answer:
        """Post one message; raise `NotConnected` or `InDoubt`. Nothing is ever sent twice by this."""
        url = self._base / credentials.api_version / credentials.phone_number_id / "messages"
        headers = {**_JSON, "Authorization": f"Bearer {credentials.token}"}
        try:
            # A redirect would carry the token to somebody else.
            async with self._opened().post(url, data=body, headers=headers, allow_redirects=False) as response:
                return Answer(response.status, await _read_some(response))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotConnected(f"no connection ({type(error).__name__})") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise InDoubt(f"no answer ({type(error).__name__})") from error

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_IDLE_SECONDS),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                # What is compressed is not asked for, and is not unpacked: 64 KiB stay 64 KiB.
                auto_decompress=False,
            )
        return self._session


async def _read_some(response: aiohttp.ClientResponse) -> bytes:
    """Return an answer's body, or of a longer one as much as anybody needs."""
    body = bytearray()
    while len(body) < LARGEST_ANSWER_BYTES:
        chunk = await response.content.read(LARGEST_ANSWER_BYTES - len(body))
        if not chunk:
            break
        body += chunk
    else:
        response.close()
    return bytes(body)
