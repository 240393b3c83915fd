"""GET and POST /api/v1/keys, DELETE /api/v1/keys/{id}, POST /api/v1/keys/{id}/rotate."""

import time
from datetime import timedelta

from aiohttp import web

from services.console import keys as stored_keys
from services.console.accounts import NewKey
from services.console.documents.keys import Key, KeyAnswer
from services.console.documents.lists import Page
from services.console.handlers.answers import answer, answer_list, id_in_path, no_content
from services.console.key_body import MOST_BYTES, KeyBody, RotationBody, read_key, read_overlap_seconds
from services.console.keys import KeysStore, key_not_found
from services.console.paging import PARAMETERS, read_paging
from services.console.parameters import Parameters
from shared.http.authentication import FindsKeys, authenticate
from shared.http.bodies import check_declared, read_body
from shared.http.routes import JSON, Answer, Body, Link, Refusal, Route, refuse_unknown_parameters

_LINKS = {
    "rotation": Link(method="POST", path="/api/v1/keys/{id}/rotate", parameters={"id": "/id"}),
    "revocation": Link(method="DELETE", path="/api/v1/keys/{id}", parameters={"id": "/id"}),
}
_NOT_FOUND = Refusal(status=404, description="This account has no API key of this id.")


class KeysHandler:
    """Manages an account's API keys."""

    def __init__(self, keys: FindsKeys, store: KeysStore, *, body_seconds: float) -> None:
        self._keys = keys
        self._store = store
        self._body_seconds = body_seconds

    async def page(self, request: web.Request) -> web.Response:
        """Answer with a page of keys, the newest first; what a key itself is nobody can tell."""
        caller = authenticate(request, self._keys)
        parameters = Parameters(request.query)
        paging = read_paging(parameters, ("keys", caller.account, caller.live), stored_keys.PLACE)
        parameters.finish()
        return answer_list(await self._store.page(caller, paging))

    async def create(self, request: web.Request) -> web.Response:
        """Make a key; the answer is the only one to show it."""
        caller = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        draft = read_key(await self._body(request), time.time_ns() // 1000)
        return _shown_once(await self._store.create(caller, draft), 201)

    async def revoke(self, request: web.Request) -> web.Response:
        """Revoke a key for good."""
        caller = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        await self._store.revoke(caller, id_in_path(request, key_not_found))
        return no_content()

    async def rotate(self, request: web.Request) -> web.Response:
        """Make a key in the place of another, which works for a while still."""
        caller = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        key_id = id_in_path(request, key_not_found)
        body = await self._body(request) if request.body_exists else b""
        overlap = timedelta(seconds=read_overlap_seconds(body))
        return _shown_once(await self._store.rotate(caller, key_id, overlap), 200)

    async def _body(self, request: web.Request) -> bytes:
        check_declared(request, most_bytes=MOST_BYTES)
        return await read_body(request, most_bytes=MOST_BYTES, seconds=self._body_seconds)

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/keys",
            handler=page,
            summary="List API keys",
            tag="Keys",
            scope="admin",
            query=PARAMETERS,
            answers=(Answer(status=200, description="The newest first.", of=Page[Key]),),
        ),
        Route(
            method="POST",
            path="/api/v1/keys",
            handler=create,
            summary="Make an API key",
            tag="Keys",
            scope="admin",
            body=Body(
                types={JSON: KeyBody},
                description="What the key may do; no more than the key that asks.",
                examples={"a key that reads": {"name": "bookkeeper", "scopes": ["orders:read"]}},
            ),
            answers=(
                Answer(status=201, description="The only answer that shows the key.", of=KeyAnswer, links=_LINKS),
            ),
            refusals=(Refusal(status=409, description="The account has as many keys as it may have."),),
        ),
        Route(
            method="DELETE",
            path="/api/v1/keys/{id}",
            handler=revoke,
            summary="Revoke an API key",
            tag="Keys",
            scope="admin",
            answers=(Answer(status=204, description="Revoked; all gateways refuse it within two seconds."),),
            refusals=(_NOT_FOUND,),
        ),
        Route(
            method="POST",
            path="/api/v1/keys/{id}/rotate",
            handler=rotate,
            summary="Replace an API key",
            tag="Keys",
            scope="admin",
            body=Body(
                types={JSON: RotationBody},
                description="How long both keys work; a day where there is no body.",
                examples={"an hour": {"overlapSeconds": 3600}},
                is_required=False,
            ),
            answers=(Answer(status=200, description="A key with the same rights, shown this once.", of=KeyAnswer),),
            refusals=(
                _NOT_FOUND,
                Refusal(status=409, description="The key is revoked or expired, or the account has too many."),
            ),
        ),
    )


def _shown_once(new: NewKey, status: int) -> web.Response:
    return answer({"success": True, "id": str(new.id), "key": new.key}, status)
