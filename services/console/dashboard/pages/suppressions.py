"""The addresses of an account to which nothing is sent."""

from typing import Final

import msgspec
from aiohttp import web

from services.console import suppressions as stored_suppressions
from services.console.dashboard.pages.settings import SETTINGS
from services.console.dashboard.site import PageRoute, Site
from services.console.dashboard.visit import Visit, see_other
from services.console.paging import read_paging
from services.console.parameters import Parameters
from services.console.suppression_body import read_suppression
from services.console.suppressions import Suppressions
from shared.errors import InvalidInput

SUPPRESSIONS: Final = f"{SETTINGS}/suppressions"


class SuppressionsPage:
    """Manages the list, with the same store as the API."""

    def __init__(self, site: Site, suppressions: Suppressions) -> None:
        self._site = site
        self._suppressions = suppressions

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show a page of the list, the newest first."""
        return await self._show(visit)

    async def add(self, visit: Visit) -> web.StreamResponse:
        """Suppress an address, or show the form again where it is none."""
        document = {"address": visit.form.get("address", "").strip(), "reason": "dashboard"}
        try:
            suppression = read_suppression(msgspec.json.encode(document))
        except InvalidInput:
            return await self._show(visit, typed=document["address"], status=422)
        await self._suppressions.add(visit.key, suppression.address, suppression.reason)
        return see_other(f"{SUPPRESSIONS}?notice=added")

    async def remove(self, visit: Visit) -> web.StreamResponse:
        """Let an address be written to again."""
        await self._suppressions.remove(visit.key, visit.form.get("address", ""))
        return see_other(f"{SUPPRESSIONS}?notice=removed")

    async def _show(self, visit: Visit, *, typed: str | None = None, status: int = 200) -> web.StreamResponse:
        parameters = Parameters(visit.query)
        binding = ("suppressions", visit.key.account, visit.key.live)
        paging = read_paging(parameters, binding, stored_suppressions.PLACE)
        parameters.finish()
        found, next_cursor = await self._suppressions.page(visit.key, paging)
        response: web.StreamResponse = self._site.render(
            visit,
            "suppressions.html",
            status=status,
            words=visit.phrases.notifications,
            suppressions=found,
            next_cursor=next_cursor,
            typed=typed,
            notice=visit.request.query.get("notice"),
        )
        return response

    PAGES = (
        PageRoute(method="GET", path=SUPPRESSIONS, handler=page, scope="admin"),
        PageRoute(method="POST", path=SUPPRESSIONS, handler=add, scope="admin"),
        PageRoute(method="POST", path=f"{SUPPRESSIONS}/remove", handler=remove, scope="admin"),
    )
