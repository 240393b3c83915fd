"""GET /api/v1/receipts/{id}."""

from aiohttp import web

from services.console.documents.orders import ReceiptAnswer
from services.console.handlers.answers import answer, id_in_path
from services.console.receipts import ReceiptsReader
from shared.http.authentication import FindsKeys, authenticate
from shared.http.problems import Problem
from shared.http.routes import Answer, Refusal, Route, refuse_unknown_parameters


class ReceiptsHandler:
    """Answers with where submissions stand."""

    def __init__(self, keys: FindsKeys, receipts: ReceiptsReader) -> None:
        self._keys = keys
        self._receipts = receipts

    async def one(self, request: web.Request) -> web.Response:
        """Answer with one receipt."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        receipt = await self._receipts.one(key, id_in_path(request, _not_found))
        if receipt is None:
            raise _not_found()
        return answer({"success": True, "receipt": receipt})

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/receipts/{id}",
            handler=one,
            summary="Read where a submission stands",
            tag="Orders",
            scope="orders:read",
            answers=(Answer(status=200, description="It is stored; this is final.", of=ReceiptAnswer),),
            refusals=(
                Refusal(status=404, description="No submission of this id is stored (yet).", headers=("Retry-After",)),
            ),
        ),
    )


def _not_found() -> Problem:
    return Problem(
        404,
        "receipt_not_found",
        "No submission of this id is stored (yet): if it was just accepted, ask again in a second",
        headers={"Retry-After": "1"},
    )
