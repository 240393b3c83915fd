"""/api/v1/webhooks: an account's webhooks, their secrets, what was attempted, and events sent again."""

from datetime import timedelta

from aiohttp import web

from services.console import webhooks as stored_webhooks
from services.console.documents.lists import Page
from services.console.documents.webhooks import NewWebhookAnswer, ReplayAnswer, Webhook, WebhookAnswer, WebhookAttempt
from services.console.handlers.answers import answer, answer_list, id_in_path, no_content
from services.console.paging import PARAMETERS, read_paging
from services.console.parameters import Parameters
from services.console.webhook_body import (
    MOST_BYTES,
    ReplayBody,
    RotationBody,
    WebhookBody,
    WebhookChangeBody,
    read_overlap_seconds,
    read_replay,
    read_webhook,
    read_webhook_change,
)
from services.console.webhooks import NewSecret, WebhooksStore, webhook_not_found
from shared.addresses import AddressPolicy
from shared.http.authentication import FindsKeys, authenticate
from shared.http.bodies import check_declared, read_body
from shared.http.problems import Problem
from shared.http.routes import JSON, Answer, Body, Link, Refusal, Route, refuse_unknown_parameters
from shared.keys import ApiKey

_PATH = "/api/v1/webhooks/{id}"
_LINKS = {
    "webhook": Link(method="GET", path=_PATH, parameters={"id": "/id"}),
    "change": Link(method="PATCH", path=_PATH, parameters={"id": "/id"}),
    "attempts": Link(method="GET", path=f"{_PATH}/attempts", parameters={"id": "/id"}),
    "rotation": Link(method="POST", path=f"{_PATH}/rotate", parameters={"id": "/id"}),
    "deletion": Link(method="DELETE", path=_PATH, parameters={"id": "/id"}),
}
_NOT_FOUND = Refusal(status=404, description="This account has no webhook of this id.")


class WebhooksHandler:
    """Manages an account's webhooks; `policy` tells which addresses they may have."""

    def __init__(self, keys: FindsKeys, store: WebhooksStore, policy: AddressPolicy, *, body_seconds: float) -> None:
        self._keys = keys
        self._store = store
        self._policy = policy
        self._body_seconds = body_seconds

    async def page(self, request: web.Request) -> web.Response:
        """Answer with a page of webhooks, the newest first."""
        key = self._caller(request)
        parameters = Parameters(request.query)
        paging = read_paging(parameters, ("webhooks", key.account, key.live), stored_webhooks.PLACE)
        parameters.finish()
        return answer_list(await self._store.page(key, paging))

    async def create(self, request: web.Request) -> web.Response:
        """Make a webhook; the answer is the only one to show its secret."""
        key = self._caller(request)
        refuse_unknown_parameters(request)
        draft = read_webhook(await self._body(request), self._policy)
        return _shown_once(await self._store.create(key, draft), 201)

    async def one(self, request: web.Request) -> web.Response:
        """Answer with one webhook."""
        key = self._caller(request)
        refuse_unknown_parameters(request)
        return answer({"success": True, "webhook": await self._store.one(key, id_in_path(request, webhook_not_found))})

    async def change(self, request: web.Request) -> web.Response:
        """Change a webhook."""
        key = self._caller(request)
        refuse_unknown_parameters(request)
        webhook = id_in_path(request, webhook_not_found)
        draft = read_webhook_change(await self._body(request), self._policy)
        return answer({"success": True, "webhook": await self._store.change(key, webhook, draft)})

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a webhook."""
        key = self._caller(request)
        refuse_unknown_parameters(request)
        await self._store.delete(key, id_in_path(request, webhook_not_found))
        return no_content()

    async def rotate(self, request: web.Request) -> web.Response:
        """Give a webhook another secret; the old one signs too, for a while."""
        key = self._caller(request)
        refuse_unknown_parameters(request)
        webhook = id_in_path(request, webhook_not_found)
        body = await self._body(request) if request.body_exists else b""
        overlap = timedelta(seconds=read_overlap_seconds(body))
        return _shown_once(await self._store.rotate(key, webhook, overlap), 200)

    async def attempts(self, request: web.Request) -> web.Response:
        """Answer with a page of what was attempted, the newest first."""
        key = self._caller(request)
        webhook = id_in_path(request, webhook_not_found)
        parameters = Parameters(request.query)
        paging = read_paging(
            parameters, ("webhook attempts", key.account, key.live, str(webhook)), stored_webhooks.PLACE
        )
        parameters.finish()
        return answer_list(await self._store.attempts(key, webhook, paging))

    async def replay(self, request: web.Request) -> web.Response:
        """Send events again."""
        key = self._caller(request)
        refuse_unknown_parameters(request)
        webhook = id_in_path(request, webhook_not_found)
        what = read_replay(await self._body(request))
        return answer({"success": True, "replayed": await self._store.replay(key, webhook, what)})

    def _caller(self, request: web.Request) -> ApiKey:
        key = authenticate(request, self._keys)
        if key.platforms is not None:
            sentence = "This API key is for some platforms only, and a webhook gets the events of all"
            raise Problem(403, "platform_not_allowed", sentence)
        return key

    async def _body(self, request: web.Request) -> bytes:
        check_declared(request, most_bytes=MOST_BYTES)
        return await read_body(request, most_bytes=MOST_BYTES, seconds=self._body_seconds)

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/webhooks",
            handler=page,
            summary="List webhooks",
            tag="Webhooks",
            scope="admin",
            query=PARAMETERS,
            answers=(Answer(status=200, description="The newest first.", of=Page[Webhook]),),
        ),
        Route(
            method="POST",
            path="/api/v1/webhooks",
            handler=create,
            summary="Make a webhook",
            tag="Webhooks",
            scope="admin",
            body=Body(
                types={JSON: WebhookBody},
                description="Where events are to be sent, and which.",
                examples={
                    "all events": {"url": "https://example.com/hooks/bugalou", "events": ["*"]},
                    "payments": {
                        "url": "https://example.com/hooks/bugalou",
                        "events": ["payment.paid", "payment.overdue"],
                        "description": "bookkeeping",
                    },
                },
            ),
            answers=(
                Answer(
                    status=201, description="The only answer that shows the secret.", of=NewWebhookAnswer, links=_LINKS
                ),
            ),
            refusals=(Refusal(status=409, description="The account has as many webhooks as it may have."),),
        ),
        Route(
            method="GET",
            path=_PATH,
            handler=one,
            summary="Read a webhook",
            tag="Webhooks",
            scope="admin",
            answers=(Answer(status=200, description="The webhook, without its secret.", of=WebhookAnswer),),
            refusals=(_NOT_FOUND,),
        ),
        Route(
            method="PATCH",
            path=_PATH,
            handler=change,
            summary="Change a webhook",
            tag="Webhooks",
            scope="admin",
            body=Body(
                types={JSON: WebhookChangeBody},
                description="What is to change; what is absent stays.",
                examples={"enable it anew": {"enabled": True}},
            ),
            answers=(Answer(status=200, description="The webhook as it is now.", of=WebhookAnswer),),
            refusals=(_NOT_FOUND, Refusal(status=409, description="The operator has disabled the webhook.")),
        ),
        Route(
            method="DELETE",
            path=_PATH,
            handler=delete,
            summary="Delete a webhook",
            tag="Webhooks",
            scope="admin",
            answers=(Answer(status=204, description="Deleted; nothing more is sent to it."),),
            refusals=(_NOT_FOUND,),
        ),
        Route(
            method="POST",
            path=f"{_PATH}/rotate",
            handler=rotate,
            summary="Replace a webhook's secret",
            tag="Webhooks",
            scope="admin",
            body=Body(
                types={JSON: RotationBody},
                description="How long both secrets sign; a day where there is no body.",
                examples={"an hour": {"overlapSeconds": 3600}},
                is_required=False,
            ),
            answers=(Answer(status=200, description="The new secret, shown this once.", of=NewWebhookAnswer),),
            refusals=(_NOT_FOUND,),
        ),
        Route(
            method="GET",
            path=f"{_PATH}/attempts",
            handler=attempts,
            summary="List what was sent to a webhook",
            tag="Webhooks",
            scope="admin",
            query=PARAMETERS,
            answers=(Answer(status=200, description="The newest first.", of=Page[WebhookAttempt]),),
            refusals=(_NOT_FOUND,),
        ),
        Route(
            method="POST",
            path=f"{_PATH}/replay",
            handler=replay,
            summary="Send events to a webhook again",
            tag="Webhooks",
            scope="admin",
            body=Body(
                types={JSON: ReplayBody},
                description="One event by its id, or those of a time range that the webhook wants.",
                examples={"a range": {"from": "2026-11-22T09:00:00Z", "to": "2026-11-22T10:00:00Z"}},
            ),
            answers=(Answer(status=200, description="How many events are sent again.", of=ReplayAnswer),),
            refusals=(
                Refusal(status=404, description="This account has no such webhook, or no such event any more."),
                Refusal(status=409, description="The webhook is disabled."),
            ),
        ),
    )


def _shown_once(new: NewSecret, status: int) -> web.Response:
    return answer({"success": True, "id": str(new.id), "secret": new.secret}, status)
