"""GET /api/v1/receipts/{id}."""

from aiohttp import web

from services.console.handlers.answers import answer, id_in_path
from services.console.receipts import ReceiptsReader
from shared.http.authentication import FindsKeys, authenticate
from shared.http.problems import Problem


class ReceiptsHandler:
    """Answers with where submissions stand."""

    def __init__(self, keys: FindsKeys, receipts: ReceiptsReader) -> None:
        self._keys = keys
        self._receipts = receipts

    def add_routes(self, application: web.Application) -> None:
        """Add the routes to an application."""
        application.router.add_get("/api/v1/receipts/{id}", self.one)

    async def one(self, request: web.Request) -> web.Response:
        """Answer with one receipt."""
        key = authenticate(request, self._keys, "orders:read")
        receipt_id = id_in_path(request)
        receipt = None if receipt_id is None else await self._receipts.one(key, receipt_id)
        if receipt is None:
            raise Problem(
                404,
                "receipt_not_found",
                "No submission of this id is stored (yet): if it was just accepted, ask again in a second",
                headers={"Retry-After": "1"},
            )
        return answer({"success": True, "receipt": receipt})
