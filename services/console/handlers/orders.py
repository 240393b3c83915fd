"""GET /api/v1/orders, one order, its history and its notifications."""

from aiohttp import web

from services.console import history, notifications
from services.console.handlers.answers import answer, answer_list, order_in_path, order_not_found
from services.console.history import HistoryReader
from services.console.notifications import NotificationsReader
from services.console.orders import OrdersReader
from services.console.paging import read_paging
from services.console.parameters import Parameters
from services.console.selection import read_selection
from shared.http.authentication import FindsKeys, authenticate


class OrdersHandler:
    """Answers with orders, and with what became of them."""

    def __init__(
        self, keys: FindsKeys, orders: OrdersReader, submissions: HistoryReader, messages: NotificationsReader
    ) -> None:
        self._keys = keys
        self._orders = orders
        self._submissions = submissions
        self._messages = messages

    def add_routes(self, application: web.Application) -> None:
        """Add the routes to an application."""
        one = "/api/v1/orders/{platform}/{order_number}"
        application.router.add_get("/api/v1/orders", self.page)
        application.router.add_get(one, self.one)
        application.router.add_get(f"{one}/history", self.history)
        application.router.add_get(f"{one}/notifications", self.notifications)

    async def page(self, request: web.Request) -> web.Response:
        """Answer with a page of the account's orders."""
        key = authenticate(request, self._keys, "orders:read")
        return answer_list(await self._orders.page(key, read_selection(Parameters(request.query), key)))

    async def one(self, request: web.Request) -> web.Response:
        """Answer with one merged order."""
        key = authenticate(request, self._keys, "orders:read")
        order = await self._orders.one(key, order_in_path(request, key))
        if order is None:
            raise order_not_found()
        return answer({"success": True, "order": order})

    async def history(self, request: web.Request) -> web.Response:
        """Answer with a page of an order's submissions, in version order."""
        key = authenticate(request, self._keys, "orders:read")
        order_id = order_in_path(request, key).order_id()
        parameters = Parameters(request.query)
        paging = read_paging(parameters, ("history", order_id), history.PLACE)
        parameters.finish()
        page = await self._submissions.page(key, order_id, paging)
        if page is None:
            raise order_not_found()
        return answer_list(page)

    async def notifications(self, request: web.Request) -> web.Response:
        """Answer with a page of an order's notifications, in the order in which they fall due."""
        key = authenticate(request, self._keys, "orders:read")
        order_id = order_in_path(request, key).order_id()
        parameters = Parameters(request.query)
        paging = read_paging(parameters, ("notifications", order_id), notifications.PLACE)
        parameters.finish()
        page = await self._messages.page(key, order_id, paging)
        if page is None:
            raise order_not_found()
        return answer_list(page)
