"""/healthz and /readyz: whether the process lives, and whether it can do its work; together for all services in it."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec
from aiohttp import web
from msgspec import Struct

from shared.http.routes import Answer, Route, add_routes

Check = Callable[[], str]
"""Returns "ok", "degraded: ..." (works, but somebody should look) or anything else for not ready."""

CHECKS: Final = web.AppKey("checks", dict[str, Check])


class Health(Struct, frozen=True):
    """The process lives."""

    status: Literal["ok"]


class Readiness(Struct, frozen=True):
    """Whether submissions can be taken; a check says "ok", "degraded: ..." or what is missing."""

    status: Literal["ready", "degraded", "not ready"]
    checks: dict[str, str]


class HealthHandler:
    """Answers probes."""

    async def health(self, _: web.Request) -> web.Response:
        """Answer that the process lives."""
        return web.Response(body=b'{"status":"ok"}', content_type="application/json")

    async def readiness(self, request: web.Request) -> web.Response:
        """Answer whether the process can do its work."""
        results = {name: check() for name, check in request.app[CHECKS].items()}
        ready = all(result == "ok" or result.startswith("degraded") for result in results.values())
        degraded = any(result != "ok" for result in results.values())
        document = Readiness("not ready" if not ready else "degraded" if degraded else "ready", results)
        headers = {"Cache-Control": "no-store", **({} if ready else {"Retry-After": "1"})}
        return web.Response(
            body=msgspec.json.encode(document),
            status=200 if ready else 503,
            headers=headers,
            content_type="application/json",
        )

    ROUTES = (
        Route(
            method="GET",
            path="/healthz",
            handler=health,
            summary="Whether the process lives",
            tag="Operation",
            scope=None,
            answers=(Answer(status=200, description="It does.", of=Health),),
        ),
        Route(
            method="GET",
            path="/readyz",
            handler=readiness,
            summary="Whether submissions can be taken",
            tag="Operation",
            scope=None,
            answers=(
                Answer(status=200, description="They can; what is degraded needs somebody to look.", of=Readiness),
                Answer(status=503, description="Not now.", of=Readiness, headers=("Retry-After",)),
            ),
        ),
    )


def add_health(application: web.Application) -> None:
    """Add both routes; services add their checks with `add_checks`."""
    application[CHECKS] = {}
    add_routes(application, HealthHandler())


def add_checks(application: web.Application, checks: Mapping[str, Check]) -> None:
    """Add a service's checks."""
    application[CHECKS].update(checks)
