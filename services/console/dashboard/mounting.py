"""The dashboard's object graph: every page, added to the console's application."""

from datetime import timedelta

from aiohttp import web
from msgspec import Struct

from services.console.dashboard.pages.invoice import InvoicePage
from services.console.dashboard.pages.invoices import InvoicesPage
from services.console.dashboard.pages.overview import OverviewPage
from services.console.dashboard.pages.sign_in import SignInPages
from services.console.dashboard.sessions import Sessions
from services.console.dashboard.sign_in_links import SignInLinks
from services.console.dashboard.site import Site
from services.console.history import HistoryReader
from services.console.notifications import NotificationsReader
from services.console.orders import OrdersReader
from services.console.overview import OverviewReader
from services.console.settings import Settings
from shared.database import Database
from shared.http.authentication import FindsKeys


class Readers(Struct, frozen=True):
    """What the pages read with: the same readers as the API's."""

    orders: OrdersReader
    exports: OrdersReader
    history: HistoryReader
    notifications: NotificationsReader
    overview: OverviewReader


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
        InvoicePage(site, readers.orders, readers.history, readers.notifications),
    ):
        site.add(pages)
    site.close()
