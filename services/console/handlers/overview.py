"""GET /api/v1/overview."""

from aiohttp import web

from services.console.handlers.answers import answer
from services.console.overview import MOST_MONTHS, OverviewReader
from services.console.parameters import Parameters
from shared.http.authentication import FindsKeys, authenticate


class OverviewHandler:
    """Answers with what an account has invoiced, was paid, and has open."""

    def __init__(self, keys: FindsKeys, overview: OverviewReader) -> None:
        self._keys = keys
        self._overview = overview

    def add_routes(self, application: web.Application) -> None:
        """Add the routes to an application."""
        application.router.add_get("/api/v1/overview", self.read)

    async def read(self, request: web.Request) -> web.Response:
        """Answer with the months asked for, the last twelve unless given."""
        key = authenticate(request, self._keys, "orders:read")
        parameters = Parameters(request.query)
        first, last = parameters.month("from"), parameters.month("to")
        if first is not None and last is not None:
            if last < first:
                parameters.refuse("to", "must not be before from")
            elif first.until(last) > MOST_MONTHS:
                parameters.refuse("to", f"must be at most {MOST_MONTHS} months from from, both counted")
        parameters.finish()
        return answer(await self._overview.read(key, first, last))
