"""The dashboard's object graph: every page, added to the console's application."""

from datetime import timedelta

from aiohttp import web
from msgspec import Struct

from services.console.account_settings import SettingsStore
from services.console.dashboard.invoice_actions import InvoiceActions
from services.console.dashboard.pages.failures import FailuresPages
from services.console.dashboard.pages.invoice import InvoicePage
from services.console.dashboard.pages.invoices import InvoicesPage
from services.console.dashboard.pages.keys import KeysPage
from services.console.dashboard.pages.notifications import NotificationsPage
from services.console.dashboard.pages.overview import OverviewPage
from services.console.dashboard.pages.settings import SettingsPage
from services.console.dashboard.pages.sign_in import SignInPages
from services.console.dashboard.pages.suppressions import SuppressionsPage
from services.console.dashboard.pages.webhooks import WebhooksPages
from services.console.dashboard.pages.whatsapp import WhatsAppPage
from services.console.dashboard.reminder_preview import ReminderPreview
from services.console.dashboard.sessions import Sessions
from services.console.dashboard.sign_in_links import SignInLinks
from services.console.dashboard.site import Site
from services.console.failures import FailuresStore
from services.console.history import HistoryReader
from services.console.keys import KeysStore
from services.console.notifications import NotificationsReader
from services.console.orders import OrdersReader
from services.console.overview import OverviewReader
from services.console.settings import Settings
from services.console.suppressions import Suppressions
from services.console.webhooks import WebhooksStore
from services.console.whatsapp import WhatsAppAccounts
from shared.addresses import AddressPolicy
from shared.database import Database
from shared.http.authentication import FindsKeys
from shared.messages.rendering import Renderer


class Readers(Struct, frozen=True, kw_only=True):
    """What the pages read and act with: the same readers and stores as the API's."""

    orders: OrdersReader
    exports: OrdersReader
    history: HistoryReader
    notifications: NotificationsReader
    overview: OverviewReader
    settings: SettingsStore
    whatsapp: WhatsAppAccounts
    keys: KeysStore
    failures: FailuresStore
    webhooks: WebhooksStore
    suppressions: Suppressions
    actions: InvoiceActions


def mount_dashboard(
    application: web.Application, settings: Settings, keys: FindsKeys, visiting: Database, readers: Readers
) -> None:
    """Add every page; `visiting` is where sessions are kept, with the owner's rights."""
    idle, most = timedelta(hours=settings.session_idle_hours), timedelta(hours=settings.session_hours)
    sessions = Sessions(visiting, idle=idle, most=most)
    site = Site(application, sessions, body_seconds=settings.web.body_seconds)
    for pages in (
        SignInPages(site, keys, sessions, SignInLinks(visiting)),
        OverviewPage(site, readers.overview, readers.orders),
        InvoicesPage(site, readers.orders, readers.exports),
        InvoicePage(site, readers.orders, readers.history, readers.notifications, readers.actions),
        NotificationsPage(site, readers.notifications),
        WebhooksPages(site, readers.webhooks, AddressPolicy(settings.webhook_networks)),
        FailuresPages(site, readers.failures),
        SettingsPage(site, readers.settings, ReminderPreview(Renderer())),
        WhatsAppPage(site, readers.whatsapp, readers.settings),
        KeysPage(site, readers.keys),
        SuppressionsPage(site, readers.suppressions),
    ):
        site.add(pages)
    site.close()
