"""What was accepted and could not be settled: grouped by cause, seen, mended, replayed, discarded."""

import json
import time
from typing import Any, Final

from aiohttp import web
from markupsafe import Markup

from services.console import failures as stored_failures
from services.console.dashboard.site import Entry, PageRoute, Site, answer_current
from services.console.dashboard.visit import HOME, Visit, see_other
from services.console.failure_message import read_mended
from services.console.failures import STATES, Choice, FailuresStore
from services.console.orders import Shown
from services.console.paging import read_paging
from services.console.parameters import Parameters
from shared.errors import Fault, InvalidInput
from shared.http.authentication import allow_platform
from shared.http.problems import Problem

FAILURES: Final = f"{HOME}/failures"
MOST_BYTES: Final = 1024 * 1024
"""An order of 256 KiB, each character of which a form may write as several."""


class FailuresPages:
    """Shows failures and acts on them, with the same store as the API."""

    def __init__(self, site: Site, failures: FailuresStore) -> None:
        self._site = site
        self._failures = failures

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show how many failures there are of each cause, and a page of them."""
        parameters = Parameters(visit.query)
        state = parameters.choice("state", STATES)
        choice = Choice(
            Choice().states if state is None else (state,),
            parameters.text("cause", most=64),
            parameters.text("place", most=64),
        )
        binding = ("failures", visit.key.account, visit.key.live, list(choice.states), choice.cause, choice.place)
        paging = read_paging(parameters, binding, stored_failures.PLACE)
        parameters.finish()
        found, groups, next_cursor = await self._failures.page(visit.key, choice, paging)
        return self._render(
            visit,
            "failures.html",
            failures=found,
            groups=groups,
            next_cursor=next_cursor,
            choice=choice,
            state=state,
            chosen={"state": state, "cause": choice.cause, "place": choice.place},
        )

    async def one(self, visit: Visit) -> web.StreamResponse:
        """Show one failure with what it holds."""
        return self._show(visit, await self._failures.one(visit.key, visit.id))

    async def live(self, visit: Visit) -> web.StreamResponse:
        """Answer a page that is open with what became of its failure, or that nothing has."""
        return answer_current(visit, *self._part(visit, await self._failures.one(visit.key, visit.id)))

    async def replay(self, visit: Visit) -> web.StreamResponse:
        """Replay a failure, as it is or as mended; what is still wrong in it is said and nothing is replayed."""
        failure = await self._failures.one(visit.key, visit.id)
        typed, draft = visit.form.get("body"), None
        if failure["body"] is not None and typed is not None and typed.strip() != _written(failure["body"]):
            try:
                draft = read_mended(typed.encode(), time.time_ns() // 1000)
                allow_platform(visit.key, draft.platform)
            except InvalidInput as error:
                # The form holds the body alone, so its members are named from there.
                found = tuple(Fault(fault.pointer.removeprefix("/body"), fault.message) for fault in error.faults)
                faults = found or (Fault("", error.message),)
                return self._show(visit, failure, typed=typed, faults=faults, status=422)
        try:
            await self._failures.replay(visit.key, visit.id, draft, notify=bool(visit.form.get("notify")))
        except Problem as problem:
            if problem.status != 422:
                raise
            return self._show(visit, failure, typed=typed, faults=(Fault("", str(problem)),), status=422)
        return see_other(f"{FAILURES}/{visit.id}?notice=asked")

    async def discard(self, visit: Visit) -> web.StreamResponse:
        """Take a failure off the list for good."""
        await self._failures.discard(visit.key, visit.id)
        return see_other(f"{FAILURES}?notice=discarded")

    def _show(
        self,
        visit: Visit,
        failure: Shown,
        *,
        typed: str | None = None,
        faults: tuple[Fault, ...] = (),
        status: int = 200,
    ) -> web.StreamResponse:
        part, etag = self._part(visit, failure, typed=typed, faults=faults)
        return self._render(visit, "failure.html", status=status, failure=failure, part=part, etag=etag)

    def _part(
        self, visit: Visit, failure: Shown, *, typed: str | None = None, faults: tuple[Fault, ...] = ()
    ) -> tuple[Markup, str]:
        body, message = failure["body"], failure["message"]
        return self._site.part(
            visit,
            "failure_live.html",
            words=visit.phrases.failures,
            failure=failure,
            body=typed if typed is not None else None if body is None else _written(body),
            message=None if message is None else _written(message),
            faults=faults,
        )

    def _render(self, visit: Visit, template: str, *, status: int = 200, **more: Any) -> web.StreamResponse:
        response: web.StreamResponse = self._site.render(
            visit,
            template,
            status=status,
            words=visit.phrases.failures,
            notice=visit.request.query.get("notice"),
            **more,
        )
        return response

    PAGES = (
        PageRoute(method="GET", path=FAILURES, handler=page, scope="admin", entry=Entry(name="failures")),
        PageRoute(method="GET", path=f"{FAILURES}/{{id}}", handler=one, scope="admin"),
        PageRoute(method="GET", path=f"{FAILURES}/{{id}}/live", handler=live, scope="admin"),
        PageRoute(
            method="POST", path=f"{FAILURES}/{{id}}/replay", handler=replay, scope="admin", most_bytes=MOST_BYTES
        ),
        PageRoute(method="POST", path=f"{FAILURES}/{{id}}/discard", handler=discard, scope="admin"),
    )


def _written(document: Any) -> str:
    """Return a document as people read it; a browser sends line feeds of a form as CRLF, which JSON takes too."""
    return json.dumps(document, indent=2, ensure_ascii=False)
