"""Endpoints that really listen and verify what they get, and a database whose events go to webhooks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from aiohttp import web
from standardwebhooks import Webhook
from uuid_utils.compat import uuid4, uuid7

from services.console.webhook_body import WebhookDraft
from services.console.webhooks import NewSecret, WebhooksStore
from services.notifier.settings import WebhookSettings, fill
from services.notifier.webhooks.app import components
from services.relay.store import Outbox
from shared.addresses import parse_networks
from shared.contracts import Event
from shared.database import Database
from shared.keys import SCOPES, ApiKey
from shared.outbox import add_to_outbox
from shared.secrets import Secrets
from tests.polling import eventually
from tests.running import running
from tests.settings import SECRET_KEY, settings_of

LOOPBACK: Final = parse_networks("127.0.0.0/8")


class Endpoint:
    """An HTTP server of somebody who has a webhook; answers 200 unless told otherwise."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.answers: list[web.Response] = []
        self.behave: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        self.secrets: list[str] = []
        self.underway = 0
        self.most_underway = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.underway += 1
        self.most_underway = max(self.most_underway, self.underway)
        try:
            body = await request.read()
            for secret in self.secrets:
                Webhook(secret).verify(body, dict(request.headers))
            self.bodies.append(body)
            self.received.append(json.loads(body))
            self.headers.append({name.lower(): value for name, value in request.headers.items()})
            self.paths.append(request.path)
            if self.behave is not None:
                return await self.behave(request)
            return self.answers.pop(0) if self.answers else web.Response(text="taken")
        finally:
            self.underway -= 1

    def got(self) -> list[str]:
        """Return the ids of the events that came, in the order of coming."""
        return [event["id"] for event in self.received]


@asynccontextmanager
async def listening_endpoint() -> AsyncIterator[Endpoint]:
    """Give an endpoint at a free port of the loopback."""
    endpoint = Endpoint()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", endpoint.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    endpoint.url = f"http://{host}:{port}/hook"
    try:
        yield endpoint
    finally:
        await runner.cleanup()


def settings(**changes: Any) -> WebhookSettings:
    """Return settings that fit tests."""
    usual: dict[str, Any] = {
        "allow": LOOPBACK,
        "concurrent_sends": 16,
        "endpoint_sends": 4,
        "timeout_seconds": 10.0,
        "sweep_seconds": 0.5,
        "keep_days": 30,
    }
    return WebhookSettings(**{**usual, **changes})


class Webhooks:
    """An account's webhooks, and what becomes of its events."""

    def __init__(
        self, url: str, database: Database, account: UUID, connection: "asyncpg.Connection[asyncpg.Record]"
    ) -> None:
        self.url = url
        self.database = database
        self.account = account
        self.sql = connection
        self.secrets = Secrets([SECRET_KEY])
        self.store = WebhooksStore(database, database, self.secrets)

    def key(self, *, live: bool = True, account: UUID | None = None) -> ApiKey:
        return ApiKey(uuid7(), account or self.account, live, "k", frozenset(SCOPES), None, None, None)

    async def add(
        self, endpoint: Endpoint, *, events: tuple[str, ...] = ("*",), live: bool = True, account: UUID | None = None
    ) -> NewSecret:
        """Register an endpoint, which from now on verifies every signature."""
        new = await self.store.create(self.key(live=live, account=account), WebhookDraft(endpoint.url, events))
        endpoint.secrets.append(new.secret)
        return new

    async def tell(
        self, event_type: str = "payment.paid", *, live: bool = True, account: UUID | None = None, **order: Any
    ) -> Event:
        """Store an event, and let the relay carry it."""
        event = Event(
            uuid7(),
            event_type,
            "2026-11-22T09:30:00Z",
            account or self.account,
            live,
            {"order": {"id": str(uuid4()), "customerName": "De Groot é", **order}, "changed": ["paymentStatus"]},
        )
        async with self.database.transaction() as connection:
            await add_to_outbox(connection, [(event, UUID(event.data["order"]["id"]))])
        await self.carry()
        return event

    async def carry(self) -> None:
        """Mark all events as published, as a relay does once the broker has them."""
        async with Outbox(self.database).claim(10_000) as batch:
            batch.sent.extend(event.id for event in batch.events)

    async def webhook(self, new: NewSecret) -> dict[str, Any]:
        return await self.store.one(self.key(), new.id)

    async def delivery(self, new: NewSecret, event: Event) -> asyncpg.Record:
        row: asyncpg.Record | None = await self.sql.fetchrow(
            "SELECT *, due_at - now() AS due_in FROM webhook_deliveries WHERE webhook_id = $1 AND event_id = $2",
            new.id,
            event.id,
        )
        assert row is not None
        return row

    async def reaches(self, new: NewSecret, event: Event, state: str, attempts: int | None = None) -> asyncpg.Record:
        """Wait until a delivery has come to a state, and nobody holds it."""

        async def there() -> bool:
            row = await self.delivery(new, event)
            is_enough = attempts is None or row["attempts"] >= attempts
            return row["state"] == state and row["claim"] is None and is_enough

        await eventually(there, within=60, what=f"the delivery is {state}")
        return await self.delivery(new, event)

    async def attempts(self, new: NewSecret) -> list[asyncpg.Record]:
        return await self.sql.fetch("SELECT * FROM webhook_attempts WHERE webhook_id = $1 ORDER BY id", new.id)

    async def hasten(self) -> None:
        """Let all that waits fall due now."""
        await self.sql.execute("UPDATE webhook_deliveries SET due_at = now() WHERE state = 'pending' AND claim IS NULL")
        await self.sql.execute("UPDATE webhooks SET paused_until = NULL")
        await self.sql.execute("SELECT pg_notify('webhooks', '')")

    async def age(self, column: str, by: timedelta) -> None:
        """Let a moment of every webhook lie further back."""
        await self.sql.execute(f"UPDATE webhooks SET {column} = {column} - $1::interval", by)

    @asynccontextmanager
    async def delivering(self, **changes: Any) -> AsyncIterator[None]:
        """Run what delivers."""

        @asynccontextmanager
        async def graph() -> AsyncIterator[Any]:
            common = settings_of(
                fill, database_url=self.url, amqp_url="amqp://nobody@127.0.0.1:1", amqp_prefix="none"
            ).common
            yield components(settings(**changes), common, self.secrets)

        async with running(graph()):
            yield


async def forever() -> None:
    """Wait until cancelled."""
    await asyncio.Event().wait()
