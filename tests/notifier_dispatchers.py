"""Dispatchers of e-mail as a notifier has them, over a database and a mail server of the tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from services.notifier.attempts import Attempts
from services.notifier.channels.email import EmailChannel
from services.notifier.channels.mime import Sender
from services.notifier.channels.smtp import Server, SmtpConnections
from services.notifier.claims import Claims
from services.notifier.dispatcher import Dispatcher
from services.notifier.preparation import Preparation
from shared.messages.rendering import Renderer
from tests.notifier_world import World

SENDER = Sender("Bugalou", "no-reply@bugalou.example")


def claims_for(world: World, *, lease: float, is_behind: Callable[[], bool] = lambda: False) -> Claims:
    preparation = Preparation(Renderer())
    return Claims(world.database, preparation, lease_seconds=lease, settle_seconds=0, is_behind=is_behind)


def dispatcher_for(
    world: World, port: int, *, lease: float = 30, concurrent: int = 10, sweep: float = 0.3
) -> Dispatcher:
    server = Server(host="127.0.0.1", port=port, username=None, password=None, tls="none", timeout_seconds=5)
    channel = EmailChannel(
        SmtpConnections(server, own_name="test.example"), SENDER, deadline_seconds=10, clock=lambda: datetime.now(UTC)
    )
    claims = claims_for(world, lease=lease)
    return Dispatcher(
        "email",
        channel,
        claims,
        Attempts(world.database),
        concurrent=concurrent,
        sweep_seconds=sweep,
        lease_seconds=lease,
    )


class Refusing(asyncio.Protocol):
    """Hangs up at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@asynccontextmanager
async def running(*dispatchers: Dispatcher) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        for dispatcher in dispatchers:
            group.create_task(dispatcher.run())
        try:
            yield
        finally:
            for dispatcher in dispatchers:
                dispatcher.stop()
