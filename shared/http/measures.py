"""What each request adds to metrics and traces: an answer by route and status, and how long it took."""

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp import web
from prometheus_client import Counter, Histogram

from shared.metrics import HTTP_REQUESTS, HTTP_SECONDS
from shared.traces import Attribute, is_on, span

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OTHER: Final = "other"
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_GONE: Final = "gone"
"""The status of a request whose client left before it had an answer."""
_WATCHED: Final = ("500", "503")
"""The statuses that somebody is woken for."""


async def begin_at_zero(application: web.Application) -> None:
    """Show Prometheus what is watched before it happens: a series that begins at 1 has not grown, and wakes nobody."""
    for route in application.router.routes():
        if route.resource is not None and route.method in _METHODS:
            for status in _WATCHED:
                HTTP_REQUESTS.labels(route.method, route.resource.canonical, status)


@web.middleware
async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count an answer under its route as declared: what a client made up is no label."""
    begun = time.perf_counter()
    status = _GONE
    try:
        response = await (_traced(request, handler) if is_on() and not _is_probe(request) else handler(request))
        status = str(response.status)
    except web.HTTPException as answer:
        status = str(answer.status)
        raise
    finally:
        method = request.method if request.method in _METHODS else OTHER
        answers, seconds = _series(method, _route_of(request), status)
        answers.inc()
        seconds.observe(time.perf_counter() - begun)
    return response


async def _traced(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer within a span, which continues the client's trace where it has one (W3C Trace Context).

    Its attributes are those of OpenTelemetry's conventions for HTTP servers, but for what may name a person: the path.
    """
    given = request.headers.getall("traceparent", ())
    method, route = request.method if request.method in _METHODS else "_OTHER", _route_of(request)
    attributes: dict[str, Attribute] = {"http.request.method": method}
    if route != OTHER:
        attributes["http.route"] = route
    parent = given[0] if len(given) == 1 else None
    with span(f"{request.method} {route}", parent=parent, kind="server", attributes=attributes):
        response = await handler(request)
        attributes["http.response.status_code"] = response.status
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            attributes["error.type"] = str(response.status)
        return response


def _is_probe(request: web.Request) -> bool:
    """Tell whether somebody only asks how the process is: every second, and nobody wants that traced."""
    return request.path in ("/healthz", "/readyz")


def _route_of(request: web.Request) -> str:
    """Return a request's route as declared: a path may hold a client's address."""
    resource = request.match_info.route.resource
    return OTHER if resource is None else resource.canonical


@lru_cache(maxsize=4096)
def _series(method: str, route: str, status: str) -> tuple[Counter, Histogram]:
    return HTTP_REQUESTS.labels(method, route, status), HTTP_SECONDS.labels(method, route)
