"""GET and POST /api/v1/suppressions, DELETE /api/v1/suppressions/{address}."""

from aiohttp import web

from services.console import suppressions as stored
from services.console.documents.lists import Page
from services.console.documents.reminders import Suppression, SuppressionAnswer
from services.console.handlers.answers import (
    answer,
    answer_list,
    could_be_stored,
    no_content,
    refuse_key_of_some_platforms,
)
from services.console.paging import PARAMETERS, read_paging
from services.console.parameters import Parameters
from services.console.suppression_body import MOST_BYTES, SuppressionBody, listed_address, read_suppression
from services.console.suppressions import Suppressions
from shared.http.authentication import FindsKeys, authenticate
from shared.http.bodies import check_declared, read_body
from shared.http.problems import Problem
from shared.http.routes import JSON, Answer, Body, Refusal, Route, refuse_unknown_parameters
from shared.keys import ApiKey


class SuppressionsHandler:
    """Manages an account's suppression list."""

    def __init__(self, keys: FindsKeys, suppressions: Suppressions, *, body_seconds: float) -> None:
        self._keys = keys
        self._suppressions = suppressions
        self._body_seconds = body_seconds

    async def page(self, request: web.Request) -> web.Response:
        """Answer with a page of the list, the newest first."""
        key = self._authenticate(request)
        parameters = Parameters(request.query)
        paging = read_paging(parameters, ("suppressions", key.account, key.live), stored.PLACE)
        parameters.finish()
        return answer_list(await self._suppressions.page(key, paging))

    async def add(self, request: web.Request) -> web.Response:
        """Suppress an address."""
        key = self._authenticate(request)
        refuse_unknown_parameters(request)
        check_declared(request, most_bytes=MOST_BYTES)
        draft = read_suppression(await read_body(request, most_bytes=MOST_BYTES, seconds=self._body_seconds))
        suppression, is_new = await self._suppressions.add(key, draft.address, draft.reason)
        return answer({"success": True, "suppression": suppression}, 201 if is_new else 200)

    async def remove(self, request: web.Request) -> web.Response:
        """Let an address be written to again."""
        key = self._authenticate(request)
        refuse_unknown_parameters(request)
        address = request.match_info["address"]
        if not could_be_stored(address) or not await self._suppressions.remove(key, listed_address(address)):
            raise Problem(404, "suppression_not_found", "This address is not on the suppression list")
        return no_content()

    def _authenticate(self, request: web.Request) -> ApiKey:
        key = authenticate(request, self._keys)
        refuse_key_of_some_platforms(key)
        return key

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/suppressions",
            handler=page,
            summary="List suppressed addresses",
            tag="Notifications",
            scope="orders:read",
            query=PARAMETERS,
            answers=(Answer(status=200, description="The newest first.", of=Page[Suppression]),),
        ),
        Route(
            method="POST",
            path="/api/v1/suppressions",
            handler=add,
            summary="Suppress an address",
            tag="Notifications",
            scope="admin",
            body=Body(
                types={JSON: SuppressionBody},
                description="The address.",
                examples={"a client who wants no mail": {"address": "klant@bedrijf.nl", "reason": "asked by phone"}},
            ),
            answers=(
                Answer(status=201, description="Nothing is sent to it any more.", of=SuppressionAnswer),
                Answer(status=200, description="It was suppressed already.", of=SuppressionAnswer),
            ),
        ),
        Route(
            method="DELETE",
            path="/api/v1/suppressions/{address}",
            handler=remove,
            summary="Let an address be written to again",
            tag="Notifications",
            scope="admin",
            answers=(Answer(status=204, description="It may be written to."),),
            refusals=(Refusal(status=404, description="This address is not on the list."),),
        ),
    )
