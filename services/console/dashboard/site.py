"""The frame of every page: its route, who may see it, the checks of a form, and errors as pages."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final, Literal, Protocol

import aiohttp_jinja2
from aiohttp import web
from markupsafe import Markup
from msgspec import Struct

from services.console.dashboard import cookies
from services.console.dashboard.files import PREFIX, Files
from services.console.dashboard.formats import Formats
from services.console.dashboard.headers import PRIVATE
from services.console.dashboard.language import phrases_for
from services.console.dashboard.rendering import set_up
from services.console.dashboard.sessions import Session, Sessions
from services.console.dashboard.visit import (
    HOME,
    MOST_BYTES,
    SignedOut,
    Visit,
    check_csrf,
    check_form,
    check_origin,
    parse_form,
    see_other,
    sign_in_path,
)
from shared.account_settings import TIMEZONE
from shared.http.bodies import BodyBudget, read_body
from shared.http.faults import FAULTS
from shared.http.problems import Problem, problem_of, problem_of_status
from shared.http.routes import router_path
from shared.http.strangers import Strangers
from shared.keys import Scope

_ALL_FORMS_BYTES: Final = 8 * 1024 * 1024
"""What all forms of those who are signed in may hold in memory together: some want a megabyte."""

_STRANGERS_BYTES: Final = 4 * 1024 * 1024
"""Likewise of those who are not, of whom one sender has a quarter: anybody may send the form that signs in."""

PageHandler = Callable[[Any, Visit], Awaitable[web.StreamResponse]]


class Entry(Struct, frozen=True, kw_only=True):
    """A page's place in the navigation; `name` is that of its phrase in wording.common, as is its icon's."""

    name: str
    on_phone: bool = False
    """In the bar at the bottom of a phone; else under "more"."""


class PageRoute(Struct, frozen=True, kw_only=True):
    """One method of one page; `handler` is a method of the class that holds it in its `PAGES`.

    `scope` is what the session must have. A public page is for those too who are not signed in, and its forms carry no
    token.
    """

    method: Literal["GET", "POST"]
    path: str
    handler: PageHandler
    scope: Scope = "orders:read"
    is_public: bool = False
    entry: Entry | None = None
    most_bytes: int = MOST_BYTES


class HasPages(Protocol):
    """A class of pages."""

    @property
    def PAGES(self) -> tuple[PageRoute, ...]:  # noqa: N802  # a constant of the class
        """Its routes."""
        ...


class Site:
    """Adds pages to an application and answers for all of them."""

    def __init__(self, application: web.Application, sessions: Sessions, *, body_seconds: float) -> None:
        self._application = application
        self._sessions = sessions
        self._body_seconds = body_seconds
        self._forms = BodyBudget(_ALL_FORMS_BYTES)
        self._strangers = Strangers(most_bytes=_STRANGERS_BYTES, most_bytes_of_one=_STRANGERS_BYTES // 4)
        self._entries: list[PageRoute] = []
        files = Files()
        set_up(application, files)
        application.router.add_get(f"{PREFIX}/{{file}}", files.answer)

    def add(self, pages: HasPages) -> None:
        """Fill the router from the routes of a class, of which `pages` is one."""
        for route in pages.PAGES:
            if route.entry is not None:
                self._entries.append(route)
            path, handler = router_path(route.path), self._bind(route, pages)
            self._application.router.add_route(route.method, path, handler)
            if route.method == "GET":
                self._application.router.add_route("HEAD", path, handler)

    def close(self) -> None:
        """Add what answers every other address of the dashboard; after all pages."""
        for path in (HOME, f"{HOME}/{{rest:.*}}"):
            self._application.router.add_route("*", path, self._unknown)

        async def home(_: web.Request) -> web.Response:
            return see_other(HOME)

        self._application.router.add_get("/", home)

    def context(self, visit: Visit) -> dict[str, Any]:
        """Return what every template knows."""
        session = visit.session
        entries = [route for route in self._entries if session is not None and session.can(route.scope)]
        return {
            "visit": visit,
            "session": session,
            "t": visit.phrases.common,
            "f": visit.formats,
            "language": visit.phrases.language,
            "path": visit.request.path,
            "here": visit.request.raw_path,
            "entries": [(route.path, route.entry) for route in entries],
        }

    def render(self, visit: Visit, template: str, *, status: int = 200, **more: Any) -> web.Response:
        """Return a page, or a part of one."""
        context = {**self.context(visit), **more}
        return aiohttp_jinja2.render_template(template, visit.request, context, status=status)

    def text(self, visit: Visit, template: str, **more: Any) -> Markup:
        """Return a part of a page as text, for a template to take in as it is."""
        return Markup(aiohttp_jinja2.render_string(template, visit.request, {**self.context(visit), **more}))  # noqa: S704  # a template made it

    def part(self, visit: Visit, template: str, **more: Any) -> tuple[Markup, str]:
        """Return a part of a page that stays current while it is looked at, and its ETag."""
        part = self.text(visit, template, **more)
        return part, f'"{blake2b(part.encode(), digest_size=12).hexdigest()}"'

    def _bind(self, route: PageRoute, pages: HasPages) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            session: Session | None = None
            try:
                session = await self._session(request)
                with self._room(request, route, session):
                    visit = await self._visit(request, route, session)
                    response = await route.handler(pages, visit)
            except SignedOut:
                response = self._sign_in_first(request)
            except web.HTTPException as error:
                response = self._failed(request, session, error)
            except ConnectionError:
                raise
            except Exception as error:  # the edge: as in shared.http.problems, and in HTML
                response = self._failed(request, session, error)
            return _private(response)

        return handle

    async def _session(self, request: web.Request) -> Session | None:
        token = cookies.session_token(request)
        return None if token is None else await self._sessions.find(token)

    def _room(self, request: web.Request, route: PageRoute, session: Session | None) -> AbstractContextManager[None]:
        """Hold room for a form until its page has been answered; that of a stranger, as it arrives, has other room."""
        if route.method != "POST" or session is None:
            return nullcontext()
        return self._forms.hold(request, route.most_bytes, session.key.account)

    async def _visit(self, request: web.Request, route: PageRoute, session: Session | None) -> Visit:
        if session is None and not route.is_public:
            raise SignedOut
        form: Mapping[str, str] = {}
        if route.method == "POST":
            check_origin(request)
            form = await self._form(request, route, session)
            if session is not None and not route.is_public:
                check_csrf(request, session, form)
        if session is not None and not route.is_public and not session.can(route.scope):
            raise Problem(403, "missing_scope", f"This session lacks the scope {route.scope}")
        return _visit(request, session, form)

    async def _form(self, request: web.Request, route: PageRoute, session: Session | None) -> Mapping[str, str]:
        check_form(request, most_bytes=route.most_bytes)
        if session is not None:
            return parse_form(await read_body(request, most_bytes=route.most_bytes, seconds=self._body_seconds))
        async with self._strangers.body(request, most_bytes=route.most_bytes, seconds=self._body_seconds) as body:
            return parse_form(body)

    def _sign_in_first(self, request: web.Request) -> web.Response:
        if request.headers.get("HX-Request") == "true":
            # A redirect would put the sign-in page where a list was.
            return web.Response(status=401, headers={"HX-Redirect": sign_in_path(request)})
        response = see_other(sign_in_path(request))
        if cookies.session_token(request) is not None:
            cookies.forget_session(request, response)
        return response

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        session: Session | None = None
        try:
            session = await self._session(request)
            response: web.StreamResponse = self._failed(request, session, problem_of_status(404))
        except Exception as error:  # the edge, as above
            response = self._failed(request, session, error)
        return _private(response)

    def _failed(self, request: web.Request, session: Session | None, error: Exception) -> web.StreamResponse:
        if isinstance(error, web.HTTPException) and error.status < HTTPStatus.BAD_REQUEST:
            return error
        problem = problem_of(error)
        problem_response = problem.response()
        request_id = problem_response.headers["X-Request-Id"]
        FAULTS.note(problem.status, request_id, error)
        visit = _visit(request, session, {})
        words = visit.phrases.common
        special = {
            "stale_form": words.stale_page,
            "foreign_origin": words.foreign_form,
            "too_many_keys": words.too_many_keys,
        }
        known = problem.status if problem.status in words.error_titles else 400
        response = self.render(
            visit,
            "error.html",
            status=problem.status,
            title=words.error_titles[known],
            text=special.get(problem.code, words.error_texts[known]),
            faults=problem.faults,
            request_id=request_id,
        )
        response.headers.update(problem.headers)
        response.headers["X-Request-Id"] = request_id
        return response


def answer_current(visit: Visit, part: Markup, etag: str) -> web.Response:
    """Answer a page that is open with its part as it is now, or that nothing in it has changed."""
    if any(f'"{known.value}"' == etag for known in visit.request.if_none_match or ()):
        return web.Response(status=304, headers={"ETag": etag})
    return web.Response(text=part, content_type="text/html", headers={"ETag": etag})


def _visit(request: web.Request, session: Session | None, form: Mapping[str, str]) -> Visit:
    account_language = session.language if session is not None else None
    accepted = request.headers.get("Accept-Language", "")
    phrases = phrases_for(cookies.chosen_language(request), accepted, account_language)
    zone = (session.zone if session is not None else None) or TIMEZONE
    return Visit(request=request, phrases=phrases, formats=_formats(phrases.locale, zone), session=session, form=form)


def _formats(locale: str, zone: str) -> Formats:
    try:
        return Formats(locale, zone)
    except (ValueError, OSError, LookupError):  # Postgres may know zones that this machine does not
        return Formats(locale, TIMEZONE)


def _private(response: web.StreamResponse) -> web.StreamResponse:
    for name, value in PRIVATE.items():
        response.headers.setdefault(name, value)
    return response
