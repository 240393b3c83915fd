"""GET /api/v1/orders.csv: a list of orders, whole, streamed."""

from aiohttp import web

from services.console.download import stream_csv
from services.console.orders import OrdersReader
from services.console.parameters import Parameters
from services.console.selection import PARAMETERS, read_selection
from shared.http.authentication import FindsKeys, authenticate
from shared.http.routes import Answer, Route


class ExportHandler:
    """Streams orders as CSV."""

    def __init__(self, keys: FindsKeys, orders: OrdersReader) -> None:
        self._keys = keys
        self._orders = orders

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Answer with all orders that the same filters list."""
        key = authenticate(request, self._keys)
        selection = read_selection(Parameters(request.query), key, whole=True)
        return await stream_csv(request, self._orders, key, selection)

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/orders.csv",
            handler=export,
            summary="Export orders as CSV",
            tag="Orders",
            scope="orders:read",
            query=PARAMETERS,
            answers=(
                Answer(
                    status=200,
                    description="RFC 4180, UTF-8; cells that a spreadsheet would run begin with an apostrophe.",
                    of=str,
                    media_type="text/csv",
                    headers=("Content-Disposition",),
                ),
            ),
        ),
    )
