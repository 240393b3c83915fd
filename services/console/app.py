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
from shared.http.access import Access
from shared.http.health import add_health
from shared.http.server import HttpServer, make_application
from shared.lifecycle import Component


def mount(application: web.Application, settings: Settings, access: Access) -> Sequence[Component]:
    """Add the console's routes and checks; return its components in the order in which they are to stop."""
    url = settings.common.database_url
    reading = Database(url, purpose="console", most=settings.connections, role=ROLE)
    ReadingHandlers(access.keyring, OrdersReader(reading), ReceiptsReader(reading)).add_routes(application)
    return (reading,)


@asynccontextmanager
async def graph(settings: Settings) -> AsyncIterator[Sequence[Component]]:
    """Build the console; components in the order in which they are to stop."""
    application = make_application(most_bytes=settings.web.most_body_bytes)
    add_health(application)
    access = Access(settings.common.database_url)
    access.add_checks(application)
    components = mount(application, settings, access)
    server = HttpServer(application, settings.web, drain_seconds=settings.common.drain_seconds)
    yield (server, *components, *access.components)
