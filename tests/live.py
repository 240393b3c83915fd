"""All of the product but the channels, run inside a test: both HTTP services at one origin, a worker and the relay."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services import __main__ as composition
from services.relay import app as relay
from services.relay import settings as relay_settings
from services.worker import app as worker
from services.worker import settings as worker_settings
from tests.gateways import Client, client_of
from tests.polling import eventually
from tests.running import running
from tests.settings import settings_of


@asynccontextmanager
async def running_live(
    key: str, *, database_url: str, amqp_url: str, amqp_prefix: str, **variables: Any
) -> AsyncIterator[Client]:
    """Run it until it takes and reads orders; `variables` are those of the HTTP services, without their prefix."""
    servers: dict[str, Any] = {"database_url": database_url, "amqp_url": amqp_url, "amqp_prefix": amqp_prefix}
    http = settings_of(composition.fill_for(("gateway", "console")), **servers, **variables)
    async with (
        running(worker.graph(settings_of(worker_settings.fill, **servers))),
        running(relay.graph(settings_of(relay_settings.fill, **servers))),
        running(composition.graph(http)),
        client_of(f"http://127.0.0.1:{http.web.port}", key) as client,
    ):

        async def works() -> bool:
            return await client.is_ready(wholly=True) and (await client.get("/api/v1/orders")).status == 200

        await eventually(works, what="orders are taken and read")
        yield client
