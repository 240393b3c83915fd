"""GET /api/v1/overview."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from services.console.documents.overview import Overview
from services.console.handlers.answers import answer
from services.console.overview import MOST_MONTHS, OverviewReader
from services.console.parameters import Parameters
from shared.http.authentication import FindsKeys, authenticate
from shared.http.routes import Answer, Parameter, Route

_Month = Annotated[str, Meta(pattern="^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2026-11"])]


class OverviewHandler:
    """Answers with what an account has invoiced, was paid, and has open."""

    def __init__(self, keys: FindsKeys, overview: OverviewReader) -> None:
        self._keys = keys
        self._overview = overview

    async def read(self, request: web.Request) -> web.Response:
        """Answer with the months asked for, the last twelve unless given."""
        key = authenticate(request, self._keys)
        parameters = Parameters(request.query)
        first, last = parameters.month("from"), parameters.month("to")
        if first is not None and last is not None:
            if last < first:
                parameters.refuse("to", "must not be before from")
            elif first.until(last) > MOST_MONTHS:
                parameters.refuse("to", f"must be at most {MOST_MONTHS} months from from, both counted")
        parameters.finish()
        return answer(await self._overview.read(key, first, last))

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/overview",
            handler=read,
            summary="Sum up the months",
            tag="Overview",
            scope="orders:read",
            query=(
                Parameter(name="from", of=_Month, description="The first month, eleven before the last unless given."),
                Parameter(name="to", of=_Month, description=f"The last month; {MOST_MONTHS} at most, counted with it."),
            ),
            answers=(Answer(status=200, description="By month and currency, and what is open by age.", of=Overview),),
        ),
    )
