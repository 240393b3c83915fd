"""The list of invoices: searched, filtered, sorted, page by page, current while it is looked at; and as a CSV file."""

import time
from hashlib import blake2b
from typing import Any, Final

from aiohttp import web
from multidict import MultiDict

from services.console.dashboard.chips import chips_of
from services.console.dashboard.rendering import query_string
from services.console.dashboard.site import Entry, PageRoute, Site
from services.console.dashboard.visit import HOME, Visit
from services.console.download import stream_csv
from services.console.orders import OrdersReader
from services.console.parameters import Parameters
from services.console.selection import Selection, read_selection
from services.console.sorting import SORTS

INVOICES: Final = f"{HOME}/invoices"
USUAL_SORT: Final = "-createdAt"
_ROWS: Final = "25"
_ANEW_SECONDS: Final = 60
"""After so long an open list is read again even where nothing seems to have changed."""
VIEWS: Final = (("all", None), ("unpaid", "overdue,pending"), ("overdue", "overdue"), ("paid", "paid"))
"""The views above the list, and the payment statuses of each."""
_FILTERS: Final = ("q", "paymentStatus", "orderStatus", "month", "dueFrom", "dueBefore", "platform", "currency")
SORTABLE: Final = ("orderNumber", "dueDate", "total")


class InvoicesPage:
    """Shows the list."""

    def __init__(self, site: Site, orders: OrdersReader, exports: OrdersReader) -> None:
        self._site = site
        self._orders = orders
        self._exports = exports

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show a page of the list."""
        parameters, selection = _asked(visit)
        return self._site.render(visit, "invoices.html", **await self._found(visit, parameters, selection))

    async def rows(self, visit: Visit) -> web.StreamResponse:
        """Answer a page that is open with its list as it is now, or that nothing in it has changed."""
        parameters, selection = _asked(visit)
        etag = _etag(visit, await self._orders.pulse(visit.key))
        known = visit.request.if_none_match or ()
        if any(each.value == etag for each in known):
            return web.Response(status=304, headers={"ETag": f'"{etag}"'})
        found = await self._found(visit, parameters, selection)
        response = self._site.render(visit, "invoices_rows.html", **found)
        # Of before the list was read: what changed meanwhile is seen at the next look.
        response.headers["ETag"] = f'"{etag}"'
        return response

    async def file(self, visit: Visit) -> web.StreamResponse:
        """Answer with the whole list as a CSV file."""
        query = Parameters(_given(visit, without=("cursor",)))
        return await stream_csv(visit.request, self._exports, visit.key, read_selection(query, visit.key, whole=True))

    async def _found(self, visit: Visit, parameters: dict[str, str], selection: Selection) -> dict[str, Any]:
        etag = _etag(visit, await self._orders.pulse(visit.key))
        orders, next_cursor = await self._orders.page(visit.key, selection)
        chips = chips_of(visit, parameters)
        return {
            "words": visit.phrases.invoices,
            "orders": orders,
            "parameters": {name: parameters.get(name) for name in _FILTERS},
            "chips": chips,
            "is_filtered": bool(chips),
            "view": next((name for name, status in VIEWS if status == parameters.get("paymentStatus")), None),
            "views": [(name, query_string(parameters, paymentStatus=status, cursor=None)) for name, status in VIEWS],
            "sort": selection.sort,
            "sorts": {name: self._sort_link(parameters, selection, name) for name in SORTABLE},
            "next_page": None if next_cursor is None else query_string(parameters, cursor=next_cursor),
            "first_page": query_string(parameters, cursor=None) if "cursor" in parameters else None,
            "csv": f"{INVOICES}.csv{query_string(parameters, cursor=None)}",
            "live": f"{INVOICES}/rows{query_string(parameters)}",
            "etag": f'"{etag}"',
            "all_sorts": [word for word in visit.phrases.invoices.sorts if word in SORTS],
        }

    def _sort_link(self, parameters: dict[str, str], selection: Selection, name: str) -> str:
        is_ascending = selection.sort.name == name and not selection.sort.is_descending
        return query_string(parameters, sort=f"-{name}" if is_ascending else name, cursor=None)

    PAGES = (
        PageRoute(method="GET", path=INVOICES, handler=page, entry=Entry(name="invoices", on_phone=True)),
        PageRoute(method="GET", path=f"{INVOICES}/rows", handler=rows),
        PageRoute(method="GET", path=f"{INVOICES}.csv", handler=file),
    )


def _given(visit: Visit, without: tuple[str, ...] = ()) -> MultiDict[str]:
    """Return the parameters that say something: a form sends its empty fields too, and a notice is for a script."""
    return MultiDict(
        (name, value)
        for name, value in visit.request.query.items()
        if value != "" and name != "notice" and name not in without
    )


def _asked(visit: Visit) -> tuple[dict[str, str], Selection]:
    given = _given(visit)
    read = given.copy()
    read.setdefault("sort", USUAL_SORT)
    read.setdefault("limit", _ROWS)
    return dict(given), read_selection(Parameters(read), visit.key)


def _etag(visit: Visit, pulse: str) -> str:
    seen = (pulse, visit.request.query_string, visit.phrases.language, visit.key.live, int(time.time() / _ANEW_SECONDS))
    return blake2b(repr(seen).encode(), digest_size=12).hexdigest()
