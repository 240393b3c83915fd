"""Handing a body to somebody else's server, whose address, speed and answer are its owner's choice.

What is refused is the address really connected to, at the moment of connecting: a name may resolve to another one each
time it is asked for. Redirects are not followed, nothing is kept of the answer beyond 64 KiB, all of it has a deadline,
no cookie is taken, and the environment's proxies are not used.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from ipaddress import ip_address
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from services.notifier.webhooks.delivery import Reason, Reply
from services.notifier.webhooks.names import Names
from shared.addresses import Address, AddressPolicy
from shared.messages.formats import show_text

MOST_BYTES: Final = 64 * 1024
"""How much of an answer is read."""
_EXCERPT: Final = 500
_HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": "Bugalou-Webhooks/1",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}

LookUp = Callable[[str, int], Awaitable[list[tuple[Any, ...]]]]
"""Returns what getaddrinfo does; raises OSError."""


class AddressRefused(OSError):
    """The address is none that may be connected to."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "the address is not public")


class Endpoints:
    """Posts to endpoints, at most `concurrent` at once; `look_up` resolves names (else getaddrinfo, in threads)."""

    def __init__(
        self, policy: AddressPolicy, *, concurrent: int, deadline_seconds: float, look_up: LookUp | None = None
    ) -> None:
        self._policy = policy
        self._concurrent = concurrent
        self._deadline_seconds = deadline_seconds
        self._look_up = look_up or Names(2 * concurrent).look_up
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post a body; whatever goes wrong is a reply too."""
        loop = asyncio.get_running_loop()
        began = loop.time()

        def reply(**found: Any) -> Reply:
            return Reply(milliseconds=round((loop.time() - began) * 1000), **found)

        try:
            target = URL(url)
            async with asyncio.timeout_at(began + self._deadline_seconds):
                response = await self._session(target.scheme).post(
                    target, data=body, headers={**_HEADERS, **headers}, allow_redirects=False
                )
            excerpt = await _excerpt(response, began + self._deadline_seconds)
        # TimeoutError is an OSError; uvloop raises RuntimeError where asyncio raises OSError.
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            return reply(reason=_reason_of(error))
        return reply(status=response.status, retry_after=response.headers.get("Retry-After"), response=excerpt)

    async def close(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _session(self, scheme: str) -> aiohttp.ClientSession:
        """Return the session for https, or that for http, which reaches the operator's own networks alone."""
        if scheme not in self._sessions:
            may = self._policy.admits if scheme == "https" else self._policy.allows
            self._sessions[scheme] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._concurrent,
                    resolver=_Resolver(self._look_up),
                    socket_factory=partial(_guarded_socket, may),
                    ttl_dns_cache=10,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # `post` has the deadline
                auto_decompress=False,
                trust_env=False,
            )
        return self._sessions[scheme]


def _guarded_socket(may: Callable[[Address], bool], info: tuple[Any, ...]) -> socket.socket:
    """Make the socket for one address, right before it is connected, or raise `AddressRefused`."""
    family, kind, protocol, _, place = info
    if not may(ip_address(place[0])):
        raise AddressRefused
    return socket.socket(family, kind, protocol)


async def _excerpt(response: aiohttp.ClientResponse, deadline: float) -> str:
    """Return the beginning of an answer as text. Its status has come and counts, however the rest of it comes."""
    read = bytearray()
    try:
        async with asyncio.timeout_at(deadline):
            while len(read) < MOST_BYTES and (chunk := await response.content.read(MOST_BYTES - len(read))):
                read += chunk
    except (aiohttp.ClientError, OSError):
        pass
    finally:
        # What has been read to its end leaves a connection that can be used again.
        if not response.content.at_eof():
            response.close()
        response.release()
    return show_text(bytes(read[: 4 * _EXCERPT]).decode(errors="replace"))[:_EXCERPT]


def _reason_of(error: Exception) -> Reason:
    match error:
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorError(os_error=AddressRefused()) | aiohttp.InvalidURL():
            return "address_refused"
        case aiohttp.ClientConnectorDNSError():
            return "unknown_host"
        case aiohttp.ClientSSLError():
            return "tls"
        case aiohttp.ClientConnectorError() | OSError() | RuntimeError():
            return "unreachable"
        case _:
            return "broken_answer"


class _Resolver(AbstractResolver):
    """Resolves names by a function."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name; each is looked at when it is connected to."""
        found = [
            ResolveResult(
                hostname=host,
                host=place[0],
                port=port,
                family=family_of,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family_of, _, protocol, _, place in await self._look_up(host, port)
            if len(place) == 2 or not place[3]  # an address with a scope is link-local
        ]
        if not found:
            raise AddressRefused
        return found

    async def close(self) -> None:
        """Hold nothing."""
