"""The console's object graph: `mount` adds it to an application, `graph` runs it alone."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from services.console.handlers import ReadingHandlers
from services.console.orders import OrdersReader
from services.console.receipts import ReceiptsReader
from services.console.settings import Settings
from services.console.tenancy import ROLE
from shared.database import Database
from shared.http.health import add_checks, add_health
from shared.http.server import HttpServer, make_application
from shared.keyring import Keyring
from shared.lifecycle import Component
from shared.schema import HEAD

KEYS_STALE_SECONDS = 5.0


def mount(application: web.Application, settings: Settings) -> Sequence[Component]:
    """Add the console's routes and checks; return its components in the order in which they are to stop."""
    url = settings.common.database_url
    looking = Database(url, purpose="console keys", most=1, schema=HEAD)
    reading = Database(url, purpose="console", most=settings.connections, role=ROLE)
    keyring = Keyring(looking)
    ReadingHandlers(keyring, OrdersReader(reading), ReceiptsReader(reading)).add_routes(application)

    def postgres() -> str:
        age = keyring.age_seconds
        return (
            "ok" if age is not None and age < KEYS_STALE_SECONDS else "degraded: Postgres is away, nothing can be read"
        )

    checks = {"postgres": postgres}
    add_checks(application, checks)
    return (keyring, reading, looking)


@asynccontextmanager
async def graph(settings: Settings) -> AsyncIterator[Sequence[Component]]:
    """Build the console; components in the order in which they are to stop."""
    application = make_application(most_bytes=settings.web.most_body_bytes)
    add_health(application)
    components = mount(application, settings)
    yield (HttpServer(application, settings.web, drain_seconds=settings.common.drain_seconds), *components)
