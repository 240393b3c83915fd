"""The reading routes of the API."""

from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from services.console.orders import OrdersReader
from services.console.receipts import ReceiptsReader
from shared.http.authentication import FindsKeys, allow_platform, authenticate
from shared.http.problems import Problem


class ReadingHandlers:
    """Answers GET requests from Postgres."""

    def __init__(self, keys: FindsKeys, orders: OrdersReader, receipts: ReceiptsReader) -> None:
        self._keys = keys
        self._orders = orders
        self._receipts = receipts

    def add_routes(self, application: web.Application) -> None:
        """Add the routes to an application."""
        application.router.add_get("/api/v1/orders/{platform}/{order_number}", self.order)
        application.router.add_get("/api/v1/receipts/{id}", self.receipt)

    async def order(self, request: web.Request) -> web.Response:
        """Answer with one merged order."""
        key = authenticate(request, self._keys, "orders:read")
        platform, number = request.match_info["platform"], request.match_info["order_number"]
        allow_platform(key, platform)
        order = None
        if _could_identify(platform) and _could_identify(number):
            order = await self._orders.one(key, platform, number)
        if order is None:
            raise Problem(404, "order_not_found", "There is no order of this platform and number")
        return _answer({"success": True, "order": order})

    async def receipt(self, request: web.Request) -> web.Response:
        """Answer with one receipt."""
        key = authenticate(request, self._keys, "orders:read")
        receipt = None
        try:
            receipt_id = UUID(request.match_info["id"])
        except ValueError:
            pass
        else:
            receipt = await self._receipts.one(key, receipt_id)
        if receipt is None:
            raise Problem(
                404,
                "receipt_not_found",
                "No submission of this id is stored (yet): if it was just accepted, ask again in a second",
                headers={"Retry-After": "1"},
            )
        return _answer({"success": True, "receipt": receipt})


def _could_identify(text: str) -> bool:
    """Tell whether an order can be named so at all; bytes of a path need not be valid UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _answer(document: dict[str, Any]) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=msgspec.json.encode(document), headers=headers, content_type="application/json")
