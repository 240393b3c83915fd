"""What each request adds to metrics and traces: an answer by route and status, and how long it took."""

import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Final

from aiohttp import web
from prometheus_client import Counter, Histogram

from shared.http.routes import ROUTE
from shared.metrics import HTTP_REQUESTS, HTTP_SECONDS
from shared.traces import is_on, span

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OTHER: Final = "other"
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_GONE: Final = "gone"
"""The status of a request whose client left before it had an answer."""


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
        route = request.get(ROUTE)
        method = request.method if request.method in _METHODS else OTHER
        answers, seconds = _series(method, OTHER if route is None else route.path, status)
        answers.inc()
        seconds.observe(time.perf_counter() - begun)
    return response


async def _traced(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer within a span, which continues the client's trace where it has one (W3C Trace Context)."""
    given = request.headers.getall("traceparent", ())
    with span(_name_of(request), parent=given[0] if len(given) == 1 else None, kind="server"):
        return await handler(request)


def _is_probe(request: web.Request) -> bool:
    """Tell whether somebody only asks how the process is: every second, and nobody wants that traced."""
    return request.path in ("/healthz", "/readyz")


def _name_of(request: web.Request) -> str:
    """Name a request by its route as declared: a path may hold a client's address."""
    resource = request.match_info.route.resource
    return f"{request.method} {OTHER if resource is None else resource.canonical}"


@lru_cache(maxsize=4096)
def _series(method: str, route: str, status: str) -> tuple[Counter, Histogram]:
    return HTTP_REQUESTS.labels(method, route, status), HTTP_SECONDS.labels(method, route)
