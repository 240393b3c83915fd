"""A console that runs inside the test, and a client for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from services.console.app import graph
from services.console.settings import fill
from tests.gateways import Client, client_of
from tests.polling import eventually
from tests.running import running
from tests.settings import settings_of

_NO_BROKER = "amqp://nobody@127.0.0.1:1"


@asynccontextmanager
async def running_console(key: str, *, database_url: str, **variables: object) -> AsyncIterator[Client]:
    """Run a console until it answers from Postgres; `variables` are those of its environment, without their prefix."""
    settings = settings_of(fill, database_url=database_url, amqp_url=_NO_BROKER, amqp_prefix="none", **variables)
    async with running(graph(settings)), client_of(f"http://127.0.0.1:{settings.web.port}", key) as client:

        async def reads() -> bool:
            return await client.is_ready(wholly=True) and (await client.get("/api/v1/orders")).status == 200

        await eventually(reads, what="the console reads")
        yield client


async def read(client: Client, path: str, key: str | None = None, **parameters: object) -> Any:
    """Return what a GET answers; it must be 200. A trailing _ in a parameter's name is dropped (from_)."""
    query = urlencode({name.rstrip("_"): value for name, value in parameters.items()})
    answer = await client.get(f"/api/v1{path}{'?' if query else ''}{query}", key)
    assert answer.status == 200, answer.body
    return answer.document


async def read_all(client: Client, path: str, key: str | None = None, **parameters: object) -> list[Any]:
    """Return all rows of a list, page after page."""
    rows: list[Any] = []
    cursor: dict[str, object] = {}
    while True:
        page = await read(client, path, key, **parameters, **cursor)
        assert set(page) - {"groups"} == {"data", "nextCursor"}
        rows += page["data"]
        if page["nextCursor"] is None:
            return rows
        cursor = {"cursor": page["nextCursor"]}


async def known(client: Client, *keys: str) -> None:
    """Wait until new keys are known."""

    async def all_known() -> bool:
        return all([(await client.get("/api/v1/receipts/none", key)).status not in (401, 429) for key in keys])

    await eventually(all_known, what="the keys are known")
