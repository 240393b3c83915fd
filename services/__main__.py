"""The composition root: several HTTP services in one process, at one origin (`python -m services gateway console`)."""

import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from environs import FileAwareEnv
from msgspec import Struct

from services.console import app as console
from services.console import settings as console_settings
from services.gateway import app as gateway
from services.gateway import settings as gateway_settings
from shared.http.access import Access
from shared.http.health import add_health
from shared.http.server import HttpServer, make_application
from shared.lifecycle import Component, run_service
from shared.settings import Common, Web, common
from shared.settings import web as read_web

_SERVICES: Final[
    dict[str, tuple[Callable[[FileAwareEnv], Any], Callable[[web.Application, Any, Access], Sequence[Component]]]]
] = {
    "gateway": (gateway_settings.fill, gateway.mount),
    "console": (console_settings.fill, console.mount),
}


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of the services that are to run, by name."""

    common: Common
    web: Web
    services: dict[str, Any]


def fill_for(names: Sequence[str]) -> Callable[[FileAwareEnv], Settings]:
    """Return what reads the settings of the named services."""

    def fill(env: FileAwareEnv) -> Settings:
        services = {name: _SERVICES[name][0](env) for name in names}
        return Settings(common=common(env), web=read_web(env), services=services)

    return fill


@asynccontextmanager
async def graph(settings: Settings) -> AsyncIterator[Sequence[Component]]:
    """Mount the services on one application and serve it."""
    application = make_application(settings.web)
    add_health(application)
    access = Access(settings.common.database_url)
    access.add_checks(application)
    components: list[Component] = []
    for name, own in settings.services.items():
        components += _SERVICES[name][1](application, own, access)
    server = HttpServer(application, settings.web, drain_seconds=settings.common.drain_seconds)
    yield (server, *components, *access.components)


def main(names: Sequence[str]) -> int:
    """Run the named services; return the exit code."""
    unknown = [name for name in names if name not in _SERVICES]
    if unknown or not names:
        print(f"usage: python -m services {' '.join(_SERVICES)}  (one or more of these)", file=sys.stderr)  # noqa: T201  # no service logs yet
        return 64
    return run_service("+".join(names), fill_for(names), graph)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
