"""/healthz and /readyz: whether the process lives, and whether it can do its work; together for all services in it."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from aiohttp import web

Check = Callable[[], str]
"""Returns "ok", "degraded: ..." (works, but somebody should look) or anything else for not ready."""

CHECKS: Final = web.AppKey("checks", dict[str, Check])


def add_health(application: web.Application) -> None:
    """Add both routes; services add their checks with `add_checks`."""
    application[CHECKS] = {}
    application.router.add_get("/healthz", _healthz)
    application.router.add_get("/readyz", _readyz)


def add_checks(application: web.Application, checks: Mapping[str, Check]) -> None:
    """Add a service's checks."""
    application[CHECKS].update(checks)


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(body=b'{"status":"ok"}', content_type="application/json")


async def _readyz(request: web.Request) -> web.Response:
    results = {name: check() for name, check in request.app[CHECKS].items()}
    ready = all(result == "ok" or result.startswith("degraded") for result in results.values())
    degraded = any(result != "ok" for result in results.values())
    status = "not ready" if not ready else "degraded" if degraded else "ready"
    body = msgspec.json.encode({"status": status, "checks": results})
    headers = {"Cache-Control": "no-store", **({} if ready else {"Retry-After": "1"})}
    return web.Response(body=body, status=200 if ready else 503, headers=headers, content_type="application/json")
