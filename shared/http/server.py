"""The HTTP server of a process; a component."""

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

from aiohttp import web

from shared.errors import Misconfigured
from shared.http.authentication import WRONG_KEYS
from shared.http.clients import TRUSTED_HOPS
from shared.http.measures import begin_at_zero, measure
from shared.http.problems import shape_errors
from shared.http.protocol import connection_factory
from shared.http.wrong_keys import WrongKeys
from shared.settings import Web
from shared.telemetry import log

BACKLOG: Final = 1024
_LAST_TURNS: Final = BACKLOG + 64
"""Turns of the event loop given to the listening socket before it closes, to take what waits in its backlog and to
begin with it: uvloop accepts one connection a turn, asyncio all of them. A turn with nothing to do takes 10 us."""


def make_application(settings: Web) -> web.Application:
    """Return an application whose errors are problem documents; routes are added by the service."""
    application = web.Application(middlewares=[measure, shape_errors], client_max_size=settings.most_body_bytes)
    application[WRONG_KEYS] = WrongKeys(settings.wrong_keys_per_minute)
    application[TRUSTED_HOPS] = settings.trusted_hops
    application.on_startup.append(begin_at_zero)
    return application


class HttpServer:
    """Serves an application on one port; several processes may share it (`reuse_port`)."""

    def __init__(self, application: web.Application, settings: Web, *, drain_seconds: float) -> None:
        self._application = application
        self._settings = settings
        self._drain_seconds = drain_seconds
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until stopped; then accept what the kernel has queued, answer what is under way, and leave."""
        # Compressed bodies are refused by their header, never inflated.
        options: dict[str, Any] = {
            "keepalive_timeout": self._settings.idle_seconds,
            "auto_decompress": False,
            "access_log": None,
        }
        runner = web.AppRunner(self._application, shutdown_timeout=self._drain_seconds, **options)
        await runner.setup()
        try:
            if runner.server is None:
                raise RuntimeError("the runner has no server after its set-up")
            factory = connection_factory(
                runner.server,
                head_seconds=self._settings.header_seconds,
                most=self._settings.most_connections,
                **options,
            )
            with self._listen() as listening:
                server = await asyncio.get_running_loop().create_server(factory, sock=listening, backlog=BACKLOG)
                log.info("http.listening", host=self._settings.host, port=listening.getsockname()[1])
                await self._stopping.wait()
                for _ in range(_LAST_TURNS):
                    await asyncio.sleep(0)
                server.close()
        finally:
            await runner.cleanup()

    def stop(self) -> None:
        """Take no more connections."""
        self._stopping.set()

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._settings.reuse_port:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                with suppress(OSError):
                    listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listening.bind((self._settings.host, self._settings.port))
        except OSError as error:
            listening.close()
            address = f"{self._settings.host}:{self._settings.port}"
            raise Misconfigured(f"settings: HTTP_PORT: cannot listen on {address} ({error.strerror})") from error
        listening.setblocking(False)
        return listening
