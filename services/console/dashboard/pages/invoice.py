"""One invoice: its amounts, items and links, what happened and will happen to it, and each message as it was sent."""

from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from services.console.dashboard.formats import escape_unshown
from services.console.dashboard.headers import MESSAGE_POLICY
from services.console.dashboard.invoice_actions import InvoiceActions
from services.console.dashboard.rendering import invoice_path
from services.console.dashboard.site import PageRoute, Site, answer_current
from services.console.dashboard.timeline import MOST, reason_of, timeline_of
from services.console.dashboard.visit import HOME, Visit, see_other
from services.console.history import HistoryReader
from services.console.notifications import NotificationsReader
from services.console.orders import OrdersReader, Shown
from shared.http.authentication import allow_platform
from shared.http.problems import problem_of_status
from shared.orders.identity import Identity

_PATH: Final = f"{HOME}/invoices/{{platform}}/{{orderNumber}}"
_DOTTED: Final = f"{HOME}/invoice"
_MESSAGE: Final = f"{HOME}/messages/{{id}}"
_LIVE: Final = "invoice_live.html"
DETAILS: Final = (
    "customerName",
    "customerEmail",
    "customerPhone",
    "invoiceNumber",
    "invoiceDate",
    "dueDate",
    "paymentMethod",
    "platform",
    "orderNumber",
)


class InvoicePage:
    """Shows one invoice."""

    def __init__(
        self,
        site: Site,
        orders: OrdersReader,
        history: HistoryReader,
        notifications: NotificationsReader,
        actions: InvoiceActions,
    ) -> None:
        self._site = site
        self._orders = orders
        self._history = history
        self._notifications = notifications
        self._actions = actions

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show it."""
        found = await self._found(visit)
        part, etag = self._site.part(visit, _LIVE, **found)
        words, code = visit.phrases.actions, visit.request.query.get("notice", "")
        done, refused = words.done.get(code), words.refused.get(code)
        return self._site.render(visit, "invoice.html", **found, part=part, etag=etag, done=done, refused=refused)

    async def remind(self, visit: Visit) -> web.StreamResponse:
        """Remind now."""
        return _told(visit, await self._actions.remind(visit.key, identity_of(visit)))

    async def pause(self, visit: Visit) -> web.StreamResponse:
        """Hold its reminders."""
        return _told(visit, await self._actions.pause(visit.key, identity_of(visit)))

    async def resume(self, visit: Visit) -> web.StreamResponse:
        """Let its reminders go on."""
        return _told(visit, await self._actions.resume(visit.key, identity_of(visit)))

    async def resume_client(self, visit: Visit) -> web.StreamResponse:
        """Let the reminders of all its client's invoices go on."""
        return _told(visit, await self._actions.resume_client(visit.key, await self._address(visit)))

    async def suppress(self, visit: Visit) -> web.StreamResponse:
        """Send nothing to its client's address any more."""
        return _told(visit, await self._actions.suppress(visit.key, await self._address(visit)))

    async def allow(self, visit: Visit) -> web.StreamResponse:
        """Send to its client's address again."""
        return _told(visit, await self._actions.allow(visit.key, await self._address(visit)))

    async def _address(self, visit: Visit) -> str:
        # An address is of the whole account, and a key may be for some of its platforms.
        if visit.key.platforms is not None:
            raise problem_of_status(404)
        order = await self._orders.one(visit.key, identity_of(visit))
        if order is None or order["customerEmail"] is None:
            raise problem_of_status(404)
        return str(order["customerEmail"])

    async def live(self, visit: Visit) -> web.StreamResponse:
        """Answer a page that is open with what changes in it, or that nothing has."""
        return answer_current(visit, *self._site.part(visit, _LIVE, **await self._found(visit)))

    async def message(self, visit: Visit) -> web.StreamResponse:
        """Show a message and each try to send it."""
        found = await self._message(visit)
        return self._site.render(
            visit,
            "message.html",
            words=visit.phrases.invoice,
            message=found,
            reason=reason_of(visit, found["reason"]) if found["reason"] else None,
        )

    async def message_body(self, visit: Visit) -> web.StreamResponse:
        """Answer with a message's HTML, for a frame in which nothing of it can run or reach us."""
        found = await self._message(visit)
        if found["html"] is None:
            raise problem_of_status(404)
        headers = {"Content-Security-Policy": MESSAGE_POLICY, "X-Frame-Options": "SAMEORIGIN"}
        return web.Response(text=found["html"], content_type="text/html", headers=headers)

    async def _message(self, visit: Visit) -> Shown:
        found = await self._notifications.message(visit.key, visit.id)
        if found is None:
            raise problem_of_status(404)
        return found

    async def _found(self, visit: Visit) -> dict[str, Any]:
        identity = identity_of(visit)
        order = await self._orders.one(visit.key, identity)
        if order is None:
            raise problem_of_status(404)
        order_id = identity.order_id()
        submissions = await self._history.newest(visit.key, order_id, MOST)
        notifications = await self._notifications.newest(visit.key, order_id, MOST)
        path = invoice_path(identity.platform, identity.order_number)
        session = visit.signed_in
        has_client = visit.key.platforms is None and order["customerEmail"] is not None
        return {
            "words": visit.phrases.invoice,
            "acts": visit.phrases.actions,
            "standing": await self._actions.standing(visit.key, identity, order),
            "may_act": session.can("orders:write"),
            "may_resume_client": session.can("orders:write") and has_client,
            "may_suppress": session.can("admin") and has_client,
            "order": order,
            "name": order["invoiceNumber"] or order["orderNumber"],
            "is_unpaid": order["paymentStatus"] in ("pending", "overdue") and order["orderStatus"] != "cancelled",
            "items": [(item, _line_amount(item)) for item in order["items"]],
            "details": [name for name in DETAILS if order[name] is not None],
            "links": {name: _link(order[name]) for name in ("invoiceUrl", "paymentUrl")},
            "timeline": timeline_of(visit, order, submissions, notifications),
            "address": path,
            "live": path.replace(f"{HOME}/invoices/", f"{HOME}/live/").replace(f"{_DOTTED}?", f"{HOME}/live?"),
            "raw": _readable({"order": order, "history": submissions, "notifications": notifications})
            if session.can("admin")
            else None,
        }

    PAGES = (
        PageRoute(method="GET", path=_PATH, handler=page),
        PageRoute(method="GET", path=_DOTTED, handler=page),
        PageRoute(method="GET", path=_PATH.replace("invoices", "live"), handler=live),
        PageRoute(method="GET", path=f"{HOME}/live", handler=live),
        PageRoute(method="POST", path=f"{_DOTTED}/remind", handler=remind, scope="orders:write"),
        PageRoute(method="POST", path=f"{_DOTTED}/pause", handler=pause, scope="orders:write"),
        PageRoute(method="POST", path=f"{_DOTTED}/resume", handler=resume, scope="orders:write"),
        PageRoute(method="POST", path=f"{_DOTTED}/resume-client", handler=resume_client, scope="orders:write"),
        PageRoute(method="POST", path=f"{_DOTTED}/suppress", handler=suppress, scope="admin"),
        PageRoute(method="POST", path=f"{_DOTTED}/allow", handler=allow, scope="admin"),
        PageRoute(method="GET", path=_MESSAGE, handler=message),
        PageRoute(method="GET", path=f"{_MESSAGE}/body", handler=message_body),
    )


def identity_of(visit: Visit) -> Identity:
    """Return the order that an address names, or raise 403 for a platform off the key's list and 404 for no name."""
    named = visit.form or visit.request.match_info or visit.request.query
    platform, number = named.get("platform", ""), named.get("orderNumber", "")
    allow_platform(visit.key, platform)
    try:
        (platform + number).encode()
    except UnicodeEncodeError:
        raise problem_of_status(404) from None
    if "\0" in platform + number or not platform or not number:
        raise problem_of_status(404)
    return Identity(visit.key.account, visit.key.live, platform, number)


def _told(visit: Visit, code: str | None) -> web.StreamResponse:
    """Go back to the invoice, which tells what was done or why it was not."""
    if code is None:
        raise problem_of_status(404)
    identity = identity_of(visit)
    path = invoice_path(identity.platform, identity.order_number)
    return see_other(f"{path}{'&' if '?' in path else '?'}notice={code}")


def _line_amount(item: Shown) -> str:
    return f"{Decimal(item['price']) * Decimal(item['quantity']):f}"


def _link(url: str | None) -> tuple[str, str] | None:
    """Return a link and its host, by which a reader can tell where it leads; None where it is none to follow."""
    if url is None:
        return None
    parts = urlsplit(url)
    return (url, parts.hostname or "") if parts.scheme in ("http", "https") else None


def _readable(document: Any) -> str:
    """Return a document as JSON to be read; what would not show, or change how the rest is read, is escaped."""
    return escape_unshown(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
