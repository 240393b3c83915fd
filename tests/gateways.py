"""A gateway that runs inside the test, and a client for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct
from multidict import CIMultiDict
from yarl import URL

from services.gateway.app import graph
from services.gateway.settings import fill
from tests.polling import eventually
from tests.running import running
from tests.settings import settings_of

SEED: Final[dict[str, Any]] = {"platform": "custom", "orderNumber": "INV-2026-042", "orderStatus": "processing"}
JSON: Final = {"Content-Type": "application/json"}
_LARGE: Final = 1024 * 1024


class Answer(Struct, frozen=True):
    """What came back; `document` is None where the body is no JSON."""

    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def document(self) -> Any:
        return msgspec.json.decode(self.body)

    def is_problem(self) -> bool:
        """Tell whether this is a problem document as the API promises it, with nothing of a stack."""
        document = self.document
        return (
            self.headers["Content-Type"].startswith("application/problem+json")
            and document["status"] == self.status
            and {"error", "type", "title", "code", "errors", "requestId"} <= set(document)
            and b"Traceback" not in self.body
        )


class Client:
    """Speaks HTTP with one origin."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: str) -> None:
        self._session = session
        self.url = URL(url)
        self.key = key

    async def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request exactly as given; `path` is taken as already encoded."""
        target = URL(f"{self.url}{path}", encoded=True)
        # aiohttp warns of large bodies unless they can be read piece by piece.
        data = body if body is None or len(body) <= _LARGE else BytesIO(body)
        async with self._session.request(
            method, target, data=data, headers=headers or {}, skip_auto_headers=("Content-Type", "Accept-Encoding")
        ) as response:
            return Answer(response.status, CIMultiDict(response.headers), await response.read())

    async def post(self, order: Any, path: str = "/api/v1/orders", **headers: str) -> Answer:
        """Post a document with the key of this client; underscores in names of headers stand for hyphens."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("POST", path, msgspec.json.encode(order), {"X-API-Key": self.key, **JSON, **more})

    async def get(self, path: str, key: str | None = None) -> Answer:
        """Read with a key, this client's unless given."""
        return await self.ask("GET", path, headers={"X-API-Key": key or self.key})

    async def is_listening(self) -> bool:
        """Tell whether connections are taken."""
        try:
            return (await self.ask("GET", "/healthz")).status == 200
        except aiohttp.ClientError:
            return False

    async def is_ready(self, *, wholly: bool = False) -> bool:
        """Tell whether /readyz says so; `wholly` means that nothing is degraded either."""
        try:
            answer = await self.ask("GET", "/readyz")
            return bool(answer.document["status"] == "ready" if wholly else answer.status == 200)
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def client_of(url: str, key: str) -> AsyncIterator[Client]:
    """Give a client with connections of its own."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield Client(session, url, key)
        await session.close()
        await asyncio.sleep(0)  # transports close in the next turn


@asynccontextmanager
async def starting_gateway(
    key: str, *, database_url: str, amqp_url: str, amqp_prefix: str, **variables: object
) -> AsyncIterator[Client]:
    """Run a gateway; `variables` are those of its environment, without their prefix."""
    settings = settings_of(fill, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix, **variables)
    async with running(graph(settings)), client_of(f"http://127.0.0.1:{settings.web.port}", key) as client:
        yield client


@asynccontextmanager
async def running_gateway(
    key: str, *, database_url: str, amqp_url: str, amqp_prefix: str, **variables: object
) -> AsyncIterator[Client]:
    """Run a gateway that is ready."""
    async with starting_gateway(
        key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix, **variables
    ) as client:
        await eventually(client.is_ready, what="the gateway is ready")
        yield client
