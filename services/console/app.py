"""The console's object graph: `mount` adds it to an application, `graph` runs it alone."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from services.console.account_settings import SettingsStore
from services.console.customers import Customers
from services.console.dashboard.invoice_actions import InvoiceActions
from services.console.dashboard.mounting import Readers, mount_dashboard
from services.console.download import CLIENT_SECONDS
from services.console.failures import FailuresStore
from services.console.handlers.customers import CustomersHandler
from services.console.handlers.descriptions import DescriptionsHandler
from services.console.handlers.export import ExportHandler
from services.console.handlers.failures import FailuresHandler
from services.console.handlers.keys import KeysHandler
from services.console.handlers.orders import OrdersHandler
from services.console.handlers.overview import OverviewHandler
from services.console.handlers.receipts import ReceiptsHandler
from services.console.handlers.reminders import RemindersHandler
from services.console.handlers.settings import SettingsHandler
from services.console.handlers.suppressions import SuppressionsHandler
from services.console.handlers.webhooks import WebhooksHandler
from services.console.handlers.whatsapp import WhatsAppHandler
from services.console.handlers.whatsapp_hook import WhatsAppHookHandler
from services.console.history import HistoryReader
from services.console.keys import KeysStore
from services.console.notifications import NotificationsReader
from services.console.orders import OrdersReader
from services.console.overview import OverviewReader
from services.console.pauses import Pauses
from services.console.receipts import ReceiptsReader
from services.console.reminders import Reminders
from services.console.settings import Settings
from services.console.suppressions import Suppressions
from services.console.tenancy import ROLE
from services.console.webhooks import WebhooksStore
from services.console.whatsapp import WhatsAppAccounts
from services.console.whatsapp_hook import StatusInbox
from shared.addresses import AddressPolicy
from shared.database import Database
from shared.http.access import Access
from shared.http.health import add_checks, add_health
from shared.http.routes import add_routes
from shared.http.server import HttpServer, make_application
from shared.lifecycle import Component
from shared.secrets import Secrets

WRITING_CONNECTIONS = 2
VISITING_CONNECTIONS = 3
HOOK_CONNECTIONS = 2
HANDLERS = (
    OrdersHandler,
    ExportHandler,
    ReceiptsHandler,
    OverviewHandler,
    SettingsHandler,
    WhatsAppHandler,
    WhatsAppHookHandler,
    KeysHandler,
    WebhooksHandler,
    CustomersHandler,
    RemindersHandler,
    SuppressionsHandler,
    FailuresHandler,
    DescriptionsHandler,
)
"""Every class with routes."""


def mount(application: web.Application, settings: Settings, access: Access) -> Sequence[Component]:
    """Add the console's routes and checks; return its components in the order in which they are to stop."""
    url, keys, seconds = settings.common.database_url, access.keyring, settings.web.body_seconds
    # Of each pool one account has half at most: queries of its hundred thousand orders leave the others their turn.
    reading = Database(
        url, purpose="console", most=settings.connections, role=ROLE, most_each=_half(settings.connections)
    )
    # A pool of their own: slow clients must not keep others from reading. Between two of its statements, the reader of
    # a file has its time for a chunk.
    exporting = Database(
        url,
        purpose="console exports",
        most=settings.exports,
        role=ROLE,
        idle_seconds=2 * CLIENT_SECONDS,
        most_each=_half(settings.exports),
    )
    writing = Database(url, purpose="console writes", most=WRITING_CONNECTIONS, most_each=_half(WRITING_CONNECTIONS))
    # Likewise: anybody may post to a hook.
    hooks = Database(url, purpose="console hooks", most=HOOK_CONNECTIONS)
    # Likewise: signing in and out must not wait for whoever reads or writes much.
    visiting = Database(url, purpose="console sessions", most=VISITING_CONNECTIONS)
    orders, history, notifications = OrdersReader(reading), HistoryReader(reading), NotificationsReader(reading)
    overview, exports = OverviewReader(reading), OrdersReader(exporting)
    pauses, suppressions = Pauses(reading, writing), Suppressions(reading, writing)
    reminders = Reminders(reading, writing)
    account_settings, api_keys = SettingsStore(reading, writing), KeysStore(reading, writing)
    failures = FailuresStore(reading, writing)
    secrets = Secrets(settings.secret_keys)
    webhooks, whatsapp = WebhooksStore(reading, writing, secrets), WhatsAppAccounts(reading, writing, secrets)
    for handler in (
        OrdersHandler(keys, orders, history, notifications),
        ExportHandler(keys, exports),
        ReceiptsHandler(keys, ReceiptsReader(reading)),
        OverviewHandler(keys, overview),
        SettingsHandler(keys, account_settings, body_seconds=seconds),
        WhatsAppHandler(keys, whatsapp, body_seconds=seconds),
        WhatsAppHookHandler(StatusInbox(hooks, secrets)),
        KeysHandler(keys, api_keys, body_seconds=seconds),
        WebhooksHandler(keys, webhooks, AddressPolicy(settings.webhook_networks), body_seconds=seconds),
        CustomersHandler(keys, Customers(writing)),
        RemindersHandler(keys, reminders, pauses, body_seconds=seconds),
        SuppressionsHandler(keys, suppressions, body_seconds=seconds),
        FailuresHandler(keys, failures, body_seconds=seconds),
        DescriptionsHandler(),
    ):
        add_routes(application, handler)
    readers = Readers(
        orders=orders,
        exports=exports,
        history=history,
        notifications=notifications,
        overview=overview,
        settings=account_settings,
        whatsapp=whatsapp,
        keys=api_keys,
        failures=failures,
        webhooks=webhooks,
        suppressions=suppressions,
        actions=InvoiceActions(reminders, pauses, suppressions),
    )
    mount_dashboard(application, settings, keys, visiting, readers)
    pools = (reading, exporting, writing, hooks, visiting)
    # A gateway in the same process takes submissions all the same.
    waiting = "degraded: Postgres has not been reached yet"
    add_checks(application, {"console": lambda: "ok" if all(pool.is_open for pool in pools) else waiting})
    return pools


def _half(connections: int) -> int:
    return max(1, connections // 2)


@asynccontextmanager
async def graph(settings: Settings) -> AsyncIterator[Sequence[Component]]:
    """Build the console; components in the order in which they are to stop."""
    application = make_application(settings.web)
    add_health(application)
    access = Access(settings.common.database_url)
    access.add_checks(application)
    components = mount(application, settings, access)
    server = HttpServer(application, settings.web, drain_seconds=settings.common.drain_seconds)
    yield (server, *components, *access.components)
