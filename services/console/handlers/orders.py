"""GET /api/v1/orders, one order, its history and its notifications."""

from aiohttp import web

from services.console import history, notifications
from services.console.documents.lists import Page
from services.console.documents.orders import Notification, OrderAnswer, Submission
from services.console.handlers.answers import answer, answer_list, order_in_path, order_not_found
from services.console.history import HistoryReader
from services.console.notifications import NotificationsReader
from services.console.orders import OrdersReader
from services.console.paging import PARAMETERS as PAGING
from services.console.paging import read_paging
from services.console.parameters import Parameters
from services.console.selection import PARAMETERS as FILTERS
from services.console.selection import read_selection
from shared.http.authentication import FindsKeys, authenticate
from shared.http.routes import Answer, Refusal, Route, refuse_unknown_parameters
from shared.orders.documents import Order

_ONE = "/api/v1/orders/{platform}/{orderNumber}"
_NOT_FOUND = Refusal(status=404, description="There is no order of this platform and number.")


class OrdersHandler:
    """Answers with orders, and with what became of them."""

    def __init__(
        self, keys: FindsKeys, orders: OrdersReader, submissions: HistoryReader, messages: NotificationsReader
    ) -> None:
        self._keys = keys
        self._orders = orders
        self._submissions = submissions
        self._messages = messages

    async def page(self, request: web.Request) -> web.Response:
        """Answer with a page of the account's orders."""
        key = authenticate(request, self._keys)
        return answer_list(await self._orders.page(key, read_selection(Parameters(request.query), key)))

    async def one(self, request: web.Request) -> web.Response:
        """Answer with one merged order."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        order = await self._orders.one(key, order_in_path(request, key))
        if order is None:
            raise order_not_found()
        return answer({"success": True, "order": order})

    async def history(self, request: web.Request) -> web.Response:
        """Answer with a page of an order's submissions, in version order."""
        key = authenticate(request, self._keys)
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
        key = authenticate(request, self._keys)
        order_id = order_in_path(request, key).order_id()
        parameters = Parameters(request.query)
        paging = read_paging(parameters, ("notifications", order_id), notifications.PLACE)
        parameters.finish()
        page = await self._messages.page(key, order_id, paging)
        if page is None:
            raise order_not_found()
        return answer_list(page)

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/orders",
            handler=page,
            summary="List orders",
            tag="Orders",
            scope="orders:read",
            query=(*FILTERS, *PAGING),
            answers=(Answer(status=200, description="The newest change first, unless sorted.", of=Page[Order]),),
        ),
        Route(
            method="GET",
            path=_ONE,
            handler=one,
            summary="Read one order",
            tag="Orders",
            scope="orders:read",
            answers=(Answer(status=200, description="The whole order, all its submissions merged.", of=OrderAnswer),),
            refusals=(_NOT_FOUND,),
        ),
        Route(
            method="GET",
            path=f"{_ONE}/history",
            handler=history,
            summary="Read an order's history",
            tag="Orders",
            scope="orders:read",
            query=PAGING,
            answers=(
                Answer(
                    status=200,
                    description="Every submission in version order, duplicates and rejected ones too.",
                    of=Page[Submission],
                ),
            ),
            refusals=(_NOT_FOUND,),
        ),
        Route(
            method="GET",
            path=f"{_ONE}/notifications",
            handler=notifications,
            summary="Read an order's notifications",
            tag="Orders",
            scope="orders:read",
            query=PAGING,
            answers=(Answer(status=200, description="In the order in which they fall due.", of=Page[Notification]),),
            refusals=(_NOT_FOUND,),
        ),
    )
