"""GET /api/v1/failures, GET and DELETE /api/v1/failures/{id}, POST /api/v1/failures/{id}/replay."""

import time
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from services.console import failures as stored_failures
from services.console.documents.failures import FailureAnswer, FailureList, FailureReplayed
from services.console.failure_body import MOST_BYTES, ReplayBody, read_replay
from services.console.failures import STATES, Choice, FailuresStore, State, failure_not_found
from services.console.handlers.answers import answer, id_in_path, no_content
from services.console.paging import PARAMETERS as PAGING
from services.console.paging import read_paging
from services.console.parameters import Parameters
from shared.http.authentication import FindsKeys, allow_platform, authenticate
from shared.http.bodies import check_declared, read_body
from shared.http.routes import JSON, Answer, Body, Link, Parameter, Refusal, Route, refuse_unknown_parameters
from shared.orders.body import Text64

_Word = Annotated[Text64, Meta(min_length=1)]
_NOT_FOUND = Refusal(status=404, description="This account has no failure of this id.")
_LINKS = {
    "failure": Link(method="GET", path="/api/v1/failures/{id}", parameters={"id": "/failure/id"}),
    "discard": Link(method="DELETE", path="/api/v1/failures/{id}", parameters={"id": "/failure/id"}),
}


class FailuresHandler:
    """Shows what was accepted and could not be settled, and lets it be mended, replayed and discarded."""

    def __init__(self, keys: FindsKeys, store: FailuresStore, *, body_seconds: float) -> None:
        self._keys = keys
        self._store = store
        self._body_seconds = body_seconds

    async def page(self, request: web.Request) -> web.Response:
        """Answer with a page of failures, and how many there are of each cause."""
        caller = authenticate(request, self._keys)
        parameters = Parameters(request.query)
        state = parameters.choice("state", STATES)
        choice = Choice(
            Choice().states if state is None else (state,),
            parameters.text("cause", most=64),
            parameters.text("place", most=64),
        )
        binding = ("failures", caller.account, caller.live, list(choice.states), choice.cause, choice.place)
        paging = read_paging(parameters, binding, stored_failures.PLACE)
        parameters.finish()
        data, groups, next_cursor = await self._store.page(caller, choice, paging)
        return answer({"data": data, "groups": groups, "nextCursor": next_cursor})

    async def one(self, request: web.Request) -> web.Response:
        """Answer with one failure and its message."""
        caller = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        return answer(
            {"success": True, "failure": await self._store.one(caller, id_in_path(request, failure_not_found))}
        )

    async def replay(self, request: web.Request) -> web.Response:
        """Ask for a replay; a worker settles it within moments."""
        caller = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        failure_id = id_in_path(request, failure_not_found)
        draft = read_replay(await self._body(request) if request.body_exists else b"", time.time_ns() // 1000)
        if draft.order is not None:
            allow_platform(caller, draft.order.platform)
        failure = await self._store.replay(caller, failure_id, draft.order, notify=draft.notify)
        warnings = () if draft.order is None else draft.order.warnings
        return answer({"success": True, "failure": failure, "warnings": warnings}, 202)

    async def discard(self, request: web.Request) -> web.Response:
        """Take a failure off the list."""
        caller = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        await self._store.discard(caller, id_in_path(request, failure_not_found))
        return no_content()

    async def _body(self, request: web.Request) -> bytes:
        check_declared(request, most_bytes=MOST_BYTES)
        return await read_body(request, most_bytes=MOST_BYTES, seconds=self._body_seconds)

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/failures",
            handler=page,
            summary="List failures",
            tag="Failures",
            scope="admin",
            query=(
                Parameter(
                    name="state", of=State, description="Those in this state alone; open and replaying unless given."
                ),
                Parameter(name="cause", of=_Word, description="Those of this cause."),
                Parameter(name="place", of=_Word, description="Those of this place: worker, notifier."),
                *PAGING,
            ),
            answers=(
                Answer(
                    status=200,
                    description="What was accepted and no retry could settle, the newest first; `groups` counts all"
                    " that the filters let through.",
                    of=FailureList,
                ),
            ),
        ),
        Route(
            method="GET",
            path="/api/v1/failures/{id}",
            handler=one,
            summary="Read a failure",
            tag="Failures",
            scope="admin",
            answers=(
                Answer(
                    status=200,
                    description="With its message; `body` is what to mend, and to send with a replay.",
                    of=FailureAnswer,
                ),
            ),
            refusals=(_NOT_FOUND,),
        ),
        Route(
            method="POST",
            path="/api/v1/failures/{id}/replay",
            handler=replay,
            summary="Replay a failure",
            tag="Failures",
            scope="admin",
            body=Body(
                types={JSON: ReplayBody},
                description="A mended order, checked as a POST of it would be, and whether clients are notified; as it"
                " is, and silently, where there is no body.",
                examples={
                    "as it is": {"notify": False},
                    "mended": {
                        "body": {"platform": "custom", "orderNumber": "INV-2026-042", "orderStatus": "processing"},
                        "notify": True,
                    },
                },
                is_required=False,
            ),
            answers=(
                Answer(
                    status=202,
                    description="A worker settles it within moments, once however often it is asked for.",
                    of=FailureReplayed,
                    links=_LINKS,
                ),
            ),
            refusals=(
                _NOT_FOUND,
                Refusal(status=409, description="It has been replayed already, and cannot be mended any more."),
            ),
        ),
        Route(
            method="DELETE",
            path="/api/v1/failures/{id}",
            handler=discard,
            summary="Discard a failure",
            tag="Failures",
            scope="admin",
            answers=(Answer(status=204, description="It is off the list, and will not be replayed."),),
            refusals=(_NOT_FOUND,),
        ),
    )
