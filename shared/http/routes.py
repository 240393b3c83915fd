"""Routes, each declared once: for the router, for the check of a key's scope, and for the API's description."""

import difflib
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final, Literal, Protocol

from aiohttp import web
from msgspec import Struct

from shared.errors import Fault
from shared.http.problems import Problem, ProblemDocument
from shared.keys import Scope
from shared.orders.normalise import pointer_token

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
JSON: Final = "application/json"


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter of the query, or a header, that a route reads; `of` is its type, with its limits."""

    name: str
    of: Any
    description: str


class Body(Struct, frozen=True, kw_only=True):
    """What a route takes as a body: a type for each media type, and examples by name, of JSON unless it says NDJSON."""

    types: Mapping[str, Any]
    description: str
    examples: Mapping[str, Any] = {}
    is_required: bool = True


class Link(Struct, frozen=True, kw_only=True):
    """Where an answer leads: a path, and for its parameters where they stand in the answer (JSON pointers)."""

    method: Method
    path: str
    parameters: Mapping[str, str]


class Answer(Struct, frozen=True, kw_only=True):
    """An answer that a route gives: `of` is the type of its body, None for none."""

    status: int
    description: str
    of: Any = None
    media_type: str = JSON
    headers: tuple[str, ...] = ()
    links: Mapping[str, Link] = {}


class Refusal(Struct, frozen=True, kw_only=True):
    """A problem that is a route's own; those that follow from what a route is (a body, a scope) need no mention."""

    status: int
    description: str
    of: Any = ProblemDocument
    headers: tuple[str, ...] = ()


class Route(Struct, frozen=True, kw_only=True):
    """One method of one address; `handler` is a method of the class that holds it in its `ROUTES`.

    `scope` is what a key must have, None where none is asked for. A page is for people with a browser, and no part of
    the API's description.
    """

    method: Method
    path: str
    handler: Callable[[Any, web.Request], Awaitable[web.StreamResponse]]
    summary: str
    tag: str
    scope: Scope | None
    answers: tuple[Answer, ...]
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    body: Body | None = None
    refusals: tuple[Refusal, ...] = ()
    is_page: bool = False


class HasRoutes(Protocol):
    """A class of handlers."""

    @property
    def ROUTES(self) -> tuple[Route, ...]:  # noqa: N802  # a constant of the class
        """Its routes."""
        ...


ROUTE: Final = web.RequestKey("route", Route)
ROUTES: Final = web.AppKey("routes", list[Route])


def add_routes(application: web.Application, handlers: HasRoutes) -> None:
    """Fill the router from the routes of a class, whose `handlers` is one."""
    for route in handlers.ROUTES:
        application.setdefault(ROUTES, []).append(route)
        handler = _bind(route, handlers)
        if route.method == "GET":
            application.router.add_get(router_path(route.path), handler)  # HEAD too
        else:
            application.router.add_route(route.method, router_path(route.path), handler)


def router_path(path: str) -> str:
    """Return a path for the router, whose parameters would else match no braces: an order may have any number."""
    return _PARAMETER.sub(r"{\1:[^/]+}", path)


def _bind(route: Route, handlers: HasRoutes) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        return await route.handler(handlers, request)

    return handle


def refuse_unknown_parameters(request: web.Request) -> None:
    """Raise 422 for parameters of the query that the route does not read: a misspelt one must not be passed over."""
    if not request.query_string:
        return
    known = [parameter.name for parameter in request[ROUTE].query]
    unknown = sorted(set(request.query) - set(known))
    if unknown:
        faults = tuple(unknown_parameter(name, known) for name in unknown[:_MOST_REPORTED])
        count = "1 parameter is" if len(unknown) == 1 else f"{len(unknown)} parameters are"
        raise Problem(422, "invalid_parameter", f"{count} wrong: see errors", faults=faults)


def unknown_parameter(name: str, known: Collection[str]) -> Fault:
    """Return the fault of a parameter that nobody reads, with the nearest name that there is."""
    nearest = difflib.get_close_matches(name[:64], known, n=1)
    hint = f": did you mean {nearest[0]}?" if nearest else ""
    return Fault(f"/{pointer_token(name)}", f"is no parameter of this address{hint}")


_MOST_REPORTED: Final = 20
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
