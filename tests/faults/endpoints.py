"""Webhook endpoints that listen throughout a trial and keep what they get, and whether its signature holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import aiohttp
import msgspec
from aiohttp import web
from msgspec import Struct, field
from standardwebhooks import Webhook, WebhookVerificationError

from shared.contracts import Event
from shared.webhooks import EVERY_EVENT

_decode: Final = msgspec.json.Decoder(Event).decode


class Subscription(Struct):
    """One webhook of an account, and what came for it."""

    account: UUID
    types: tuple[str, ...]
    secret: str = ""
    received: list[Event] = field(default_factory=list)
    unsigned: int = 0

    def wants(self, event: Event) -> bool:
        """Tell whether an event is for this webhook."""
        is_wanted = EVERY_EVENT in self.types or event.type in self.types
        return is_wanted and event.account == self.account and event.livemode


class Endpoints:
    """A server with a path for each subscription; answers 200, or 500 while it is `failing`."""

    def __init__(self) -> None:
        self.subscriptions: list[Subscription] = []
        self.failing = False
        self.refused = 0
        self.port = 0

    async def subscribe(self, api: str, key: str, account: UUID, types: tuple[str, ...]) -> None:
        """Register a webhook with the API, as an account does."""
        subscription = Subscription(account, types)
        number = len(self.subscriptions)
        self.subscriptions.append(subscription)
        body = {"url": f"http://127.0.0.1:{self.port}/{number}", "events": list(types)}
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
            session.post(f"{api}/api/v1/webhooks", json=body, headers={"X-API-Key": key}) as answer,
        ):
            answer.raise_for_status()
            subscription.secret = (await answer.json())["secret"]

    async def handle(self, request: web.Request) -> web.Response:
        """Take one event."""
        body = await request.read()
        if self.failing:
            self.refused += 1
            return web.Response(status=500)
        subscription = self.subscriptions[int(request.match_info["number"])]
        try:
            Webhook(subscription.secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            subscription.unsigned += 1
        event = _decode(body)
        if request.headers.get("webhook-id") != str(event.id):
            subscription.unsigned += 1
        subscription.received.append(event)
        return web.Response()


@asynccontextmanager
async def listening() -> AsyncIterator[Endpoints]:
    """Listen at a free port of the loopback."""
    endpoints = Endpoints()
    application = web.Application()
    application.router.add_post("/{number:[0-9]+}", endpoints.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address: Any = runner.addresses[0]
    endpoints.port = address[1]
    try:
        yield endpoints
    finally:
        await runner.cleanup()
