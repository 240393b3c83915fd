"""Webhooks: added, changed, turned on and off; their secrets; what was attempted, and events sent again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from aiohttp import web
from markupsafe import Markup

from services.console import webhooks as stored_webhooks
from services.console.dashboard.site import Entry, PageRoute, Site, answer_current
from services.console.dashboard.visit import HOME, Visit, fields_at_fault, see_other
from services.console.key_body import USUAL_OVERLAP_SECONDS
from services.console.orders import Shown
from services.console.paging import Paging, read_paging
from services.console.parameters import Parameters
from services.console.webhook_body import WebhookDraft, read_replay, read_webhook, read_webhook_change
from services.console.webhooks import MOST_WEBHOOKS, WebhooksStore
from shared.addresses import AddressPolicy
from shared.contracts import EVENT_TYPES
from shared.errors import InvalidInput
from shared.http.problems import Problem
from shared.keys import ApiKey
from shared.webhooks import EVERY_EVENT

WEBHOOKS: Final = f"{HOME}/webhooks"
_ATTEMPTS: Final = "20"
"""Of a page: on a phone all else that can be done about a webhook stands below them."""


class WebhooksPages:
    """Manages webhooks, with the same store as the API; `policy` tells which addresses they may have."""

    def __init__(self, site: Site, webhooks: WebhooksStore, policy: AddressPolicy) -> None:
        self._site = site
        self._webhooks = webhooks
        self._policy = policy

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show all webhooks."""
        return await self._list(visit)

    async def create(self, visit: Visit) -> web.StreamResponse:
        """Make a webhook and show its secret, or show the form again with what is wrong in it."""
        try:
            draft = read_webhook(_body_of(visit), self._policy)
        except InvalidInput as error:
            return await self._list(visit, fields=visit.form, wrong=fields_at_fault(error), status=422)
        new = await self._webhooks.create(_caller(visit), draft)
        return await self._one(visit, new.id, secret=new.secret, status=201)

    async def one(self, visit: Visit) -> web.StreamResponse:
        """Show one webhook, with a page of what was attempted."""
        return await self._one(visit, visit.id)

    async def attempts(self, visit: Visit) -> web.StreamResponse:
        """Answer a page that is open with its newest attempts, or that there are no others."""
        webhook = await self._webhooks.one(_caller(visit), visit.id)
        paging = _paging(_caller(visit), visit.id, _attempts_asked(visit))
        return answer_current(visit, *await self._attempts(visit, webhook, paging))

    async def change(self, visit: Visit) -> web.StreamResponse:
        """Change a webhook."""
        try:
            draft = read_webhook_change(_body_of(visit), self._policy)
        except InvalidInput as error:
            return await self._one(visit, visit.id, fields=visit.form, wrong=fields_at_fault(error), status=422)
        await self._webhooks.change(_caller(visit), visit.id, draft)
        return see_other(f"{WEBHOOKS}/{visit.id}?notice=saved")

    async def turn(self, visit: Visit) -> web.StreamResponse:
        """Turn a webhook on, with a clean slate, or off."""
        draft = WebhookDraft(enabled=visit.form.get("enabled") == "yes")
        await self._webhooks.change(_caller(visit), visit.id, draft)
        return see_other(f"{WEBHOOKS}/{visit.id}?notice=saved")

    async def rotate(self, visit: Visit) -> web.StreamResponse:
        """Give a webhook another secret, and show it."""
        overlap = timedelta(seconds=USUAL_OVERLAP_SECONDS)
        new = await self._webhooks.rotate(_caller(visit), visit.id, overlap)
        return await self._one(visit, new.id, secret=new.secret)

    async def delete(self, visit: Visit) -> web.StreamResponse:
        """Delete a webhook."""
        await self._webhooks.delete(_caller(visit), visit.id)
        return see_other(f"{WEBHOOKS}?notice=deleted")

    async def replay(self, visit: Visit) -> web.StreamResponse:
        """Send one event again, or those of a period."""
        form = visit.form
        document = {
            "eventId": form.get("event", ""),
            "from": _moment_of(visit, form.get("from", "")),
            "to": _moment_of(visit, form.get("to", "")),
        }
        try:
            what = read_replay(msgspec.json.encode(document))
            count = await self._webhooks.replay(_caller(visit), visit.id, what)
        except InvalidInput as error:
            return await self._one(visit, visit.id, fields=form, wrong=fields_at_fault(error), status=422)
        return see_other(f"{WEBHOOKS}/{visit.id}?notice=replayed&count={count}")

    async def _list(
        self,
        visit: Visit,
        *,
        fields: Mapping[str, str] | None = None,
        wrong: frozenset[str] = frozenset(),
        status: int = 200,
    ) -> web.StreamResponse:
        parameters = Parameters(visit.query)
        parameters.finish()
        # As many as an account can have.
        found, _ = await self._webhooks.page(_caller(visit), Paging(limit=MOST_WEBHOOKS))
        return self._render(
            visit, "webhooks.html", status=status, webhooks=[_shown(one) for one in found], fields=fields, wrong=wrong
        )

    async def _one(
        self,
        visit: Visit,
        id: UUID,
        *,
        secret: str | None = None,
        fields: Mapping[str, str] | None = None,
        wrong: frozenset[str] = frozenset(),
        status: int = 200,
    ) -> web.StreamResponse:
        caller = _caller(visit)
        parameters = _attempts_asked(visit)
        paging = _paging(caller, id, parameters)
        count = parameters.whole("count", 0, least=0, most=stored_webhooks.MOST_REPLAYED)
        parameters.finish()
        webhook = _shown(await self._webhooks.one(caller, id))
        part, etag = await self._attempts(visit, webhook, paging)
        return self._render(
            visit,
            "webhook.html",
            status=status,
            webhook=webhook,
            part=part,
            etag=etag,
            live=f"{WEBHOOKS}/{id}/attempts" if paging.after is None else None,
            secret=secret,
            count=count,
            fields=fields or {"url": webhook["url"], "description": webhook["description"] or "", **_ticks(webhook)},
            wrong=wrong,
        )

    async def _attempts(self, visit: Visit, webhook: Shown, paging: Paging) -> tuple[Markup, str]:
        found, next_cursor = await self._webhooks.attempts(_caller(visit), UUID(webhook["id"]), paging)
        more = {"webhook": webhook, "attempts": found, "next_cursor": next_cursor}
        return self._site.part(visit, "webhook_attempts.html", words=visit.phrases.webhooks, **more)

    def _render(self, visit: Visit, template: str, *, status: int, **more: Any) -> web.StreamResponse:
        response: web.StreamResponse = self._site.render(
            visit,
            template,
            status=status,
            words=visit.phrases.webhooks,
            notice=visit.request.query.get("notice"),
            event_types=EVENT_TYPES,
            every_event=EVERY_EVENT,
            **more,
        )
        return response

    PAGES = (
        PageRoute(method="GET", path=WEBHOOKS, handler=page, scope="admin", entry=Entry(name="webhooks")),
        PageRoute(method="POST", path=WEBHOOKS, handler=create, scope="admin"),
        PageRoute(method="GET", path=f"{WEBHOOKS}/{{id}}", handler=one, scope="admin"),
        PageRoute(method="GET", path=f"{WEBHOOKS}/{{id}}/attempts", handler=attempts, scope="admin"),
        PageRoute(method="POST", path=f"{WEBHOOKS}/{{id}}", handler=change, scope="admin"),
        PageRoute(method="POST", path=f"{WEBHOOKS}/{{id}}/turn", handler=turn, scope="admin"),
        PageRoute(method="POST", path=f"{WEBHOOKS}/{{id}}/rotate", handler=rotate, scope="admin"),
        PageRoute(method="POST", path=f"{WEBHOOKS}/{{id}}/delete", handler=delete, scope="admin"),
        PageRoute(method="POST", path=f"{WEBHOOKS}/{{id}}/replay", handler=replay, scope="admin"),
    )


def _caller(visit: Visit) -> ApiKey:
    """Return whose webhooks are managed; as in the API, nobody whose rights end at some platforms."""
    if visit.key.platforms is not None:
        raise Problem(403, "platform_not_allowed", "A webhook gets the events of all platforms")
    return visit.key


def _attempts_asked(visit: Visit) -> Parameters:
    given = visit.query
    given.setdefault("limit", _ATTEMPTS)
    return Parameters(given)


def _paging(key: ApiKey, id: UUID, parameters: Parameters) -> Paging:
    return read_paging(parameters, ("webhook attempts", key.account, key.live, str(id)), stored_webhooks.PLACE)


def _body_of(visit: Visit) -> bytes:
    """Return what the API would be sent: there is one judge of what is right."""
    form = visit.form
    chosen = [name for name in (EVERY_EVENT, *EVENT_TYPES) if form.get(f"event {name}")]
    return msgspec.json.encode(
        {
            "url": form.get("url", "").strip(),
            "description": form.get("description", "").strip(),
            "events": [EVERY_EVENT] if EVERY_EVENT in chosen else chosen,
        }
    )


def _ticks(webhook: Mapping[str, Any]) -> dict[str, str]:
    return {f"event {name}": "on" for name in webhook["events"]}


def _shown(webhook: Mapping[str, Any]) -> dict[str, Any]:
    state = "working" if webhook["failingSince"] is None else "failing"
    return {**webhook, "state": state if webhook["enabled"] else "disabled"}


def _moment_of(visit: Visit, local: str) -> str:
    """Return a moment that was given on the account's clock; what is none is left for the API's check to refuse."""
    try:
        return visit.formats.utc(datetime.fromisoformat(local))
    except (ValueError, OverflowError):
        return local
