"""Every type of event there is: told on the exchange and to webhooks, byte for byte the same, and as described."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from aio_pika.abc import AbstractIncomingMessage

from services.cli.documents.asyncapi import NotificationEvent, OrderEvent, WebhookHeaders
from services.console.accounts import Accounts
from services.notifier import app as notifier
from services.notifier import settings as notifier_settings
from shared.contracts import EVENT_TYPES
from shared.topology import Names
from tests.gateways import JSON, Client
from tests.live import running_live
from tests.notifier_world import Mailbox
from tests.polling import eventually
from tests.queues import channel_to
from tests.running import running
from tests.settings import settings_of
from tests.webhook_world import Endpoint, listening_endpoint

AT_ONCE: Final = {
    "settleSeconds": 0,
    "quietHours": {"from": "00:00", "to": "24:00"},
    "quietSundays": False,
    "quietHolidays": False,
}
DUE_LAST_WEEK: Final = (datetime.now(UTC) - timedelta(days=7)).date().isoformat()
STORIES: Final = (
    # partial, then paid (and thanked), then refunded, then cancelled
    ("paid", {"total": "100.00", "currency": "EUR", "paymentStatus": "pending", "customerEmail": "klant@bedrijf.nl"}),
    ("paid", {"amountPaid": "40.00"}),
    ("paid", {"amountPaid": "100.00", "paymentStatus": "paid"}),
    ("paid", {"paymentStatus": "refunded"}),
    ("paid", {"orderStatus": "cancelled"}),
    # overdue, and due for long: reminded
    ("late", {"total": "5.00", "currency": "EUR", "paymentStatus": "pending", "dueDate": DUE_LAST_WEEK}),
    ("late", {"paymentStatus": "overdue", "customerEmail": "laat@bedrijf.nl"}),
    # thanked at an address that its server does not know
    ("lost", {"total": "5.00", "currency": "EUR", "paymentStatus": "paid", "customerEmail": "weg@bedrijf.nl"}),
)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    mailbox.rcpt_answers["weg@bedrijf.nl"] = "550 5.1.1 nobody here"
    await mailbox.start()
    yield mailbox
    await mailbox.stop()


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening_endpoint() as started:
        yield started


async def ask(client: Client, method: str, path: str, body: Any) -> Any:
    headers = {"X-API-Key": client.key, **JSON}
    answer = await client.ask(method, f"/api/v1{path}", msgspec.json.encode(body), headers)
    assert answer.status in (200, 201), answer.body
    return answer.document


async def test_every_event_reaches_consumers_and_webhooks_alike(
    accounts: Accounts, database_url: str, amqp_url: str, amqp_prefix: str, mailbox: Mailbox, endpoint: Endpoint
) -> None:
    account, live, _ = await accounts.create("tells", ["admin"])
    consumed: dict[str, bytes] = {}
    servers: dict[str, Any] = {"database_url": database_url, "amqp_url": amqp_url, "amqp_prefix": amqp_prefix}
    settings = settings_of(
        notifier_settings.fill,
        **servers,
        SMTP_PORT=mailbox.port,
        SETTLE_SECONDS=0,
        NOTIFIER_SWEEP_SECONDS=0.5,
        WEBHOOK_ALLOW="127.0.0.0/8",
    )
    async with (
        running_live(live.key, **servers, WEBHOOK_ALLOW="127.0.0.0/8") as client,
        running(notifier.graph(settings)),
        channel_to(amqp_url) as channel,
    ):
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(Names(amqp_prefix).events, f"*.*.{account}")

        async def keep(message: AbstractIncomingMessage) -> None:
            assert message.message_id is not None
            assert consumed.setdefault(message.message_id, message.body) == message.body

        await queue.consume(keep, no_ack=True)
        await ask(client, "PUT", "/settings", AT_ONCE)
        made = await ask(client, "POST", "/webhooks", {"url": endpoint.url})
        endpoint.secrets.append(made["secret"])
        for number, change in STORIES:
            order = {"platform": "custom", "orderNumber": number, "orderStatus": "processing", **change}
            assert (await client.post(order, Prefer="wait=20")).status in (200, 201)
            if change.get("paymentStatus") == "paid" and number == "paid":
                await eventually(lambda: "klant@bedrijf.nl" in mailbox.recipients, what="the client is thanked")

        def told() -> Counter[str]:
            return Counter(msgspec.json.decode(body)["type"] for body in consumed.values())

        await eventually(lambda: set(told()) == set(EVENT_TYPES), what="every type is told")
        # The last to come: one was thanked, one reminded.
        await eventually(lambda: told()["notification.sent"] == 2, what="both messages are told of")
        await eventually(lambda: set(endpoint.got()) == set(consumed), what="webhooks get them too")
    assert {event["id"]: body for event, body in zip(endpoint.received, endpoint.bodies, strict=True)} == consumed
    for body in consumed.values():
        kind = msgspec.json.decode(body)["type"]
        event = msgspec.json.decode(body, type=NotificationEvent if kind.startswith("notification.") else OrderEvent)
        assert msgspec.json.decode(msgspec.json.encode(event)) == msgspec.json.decode(body), kind
    for event_headers in endpoint.headers:
        headers = msgspec.convert(
            {name: value for name, value in event_headers.items() if name.startswith("webhook-")}, WebhookHeaders
        )
        assert str(headers.webhook_id) in consumed
