"""One trace from the HTTP request through both exchanges, the outbox and a notification to the attempt to send it."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from uuid_utils.compat import uuid7

from services.notifier import app as notifier
from services.notifier import settings as notifier_settings
from shared import traces
from shared.contracts import Event
from shared.database import Database
from shared.outbox import add_to_outbox
from shared.spans import OpenTelemetry
from shared.topology import Names
from tests.gateways import Client
from tests.live import running_live
from tests.notifier_world import Mailbox
from tests.polling import eventually
from tests.queues import listening
from tests.running import running
from tests.settings import settings_of
from tests.tenant import Tenant
from tests.webhook_world import Webhooks, listening_endpoint

CLIENT: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PAID: Final[dict[str, Any]] = {
    "platform": "custom",
    "orderNumber": "INV-2026-042",
    "orderStatus": "delivered",
    "customerEmail": "klant@bedrijf.nl",
    "paymentStatus": "paid",
    "total": "10.00",
    "amountPaid": "10.00",
}


class Recorded:
    """The spans that have ended, by name."""

    def __init__(self, exporter: InMemorySpanExporter, tracer: OpenTelemetry) -> None:
        self._exporter = exporter
        self._tracer = tracer

    def all(self, name: str) -> list[ReadableSpan]:
        self._tracer.flush()
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    async def one(self, name: str) -> ReadableSpan:
        """Return the only span of a name, once it has ended."""
        await eventually(lambda: self.all(name), within=40, what=f"a span {name!r}")
        (span,) = self.all(name)
        return span


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    exporter = InMemorySpanExporter()
    tracer = OpenTelemetry("test", exporter)
    traces.use(tracer)
    yield Recorded(exporter, tracer)
    traces.use(None)
    tracer.stop()


class World:
    """All of the product in this process, and the mail server that it sends to."""

    def __init__(self, client: Client, mailbox: Mailbox) -> None:
        self.client = client
        self.mailbox = mailbox


@pytest.fixture
async def world(
    account: Tenant, database_url: str, amqp_url: str, amqp_prefix: str, recorded: Recorded
) -> AsyncIterator[World]:
    mailbox = Mailbox()
    await mailbox.start()
    servers = {"database_url": database_url, "amqp_url": amqp_url, "amqp_prefix": amqp_prefix}
    sending = settings_of(
        notifier_settings.fill, **servers, SMTP_PORT=mailbox.port, SETTLE_SECONDS=0.01, NOTIFIER_SWEEP_SECONDS=0.2
    )
    async with running(notifier.graph(sending)), running_live(account.live.key, **servers) as client:
        yield World(client, mailbox)
    await mailbox.stop()


def trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.trace_id)


def is_child(span: ReadableSpan, parent: ReadableSpan) -> bool:
    assert span.parent is not None
    assert parent.context is not None
    return (span.parent.span_id, trace_of(span)) == (parent.context.span_id, trace_of(parent))


async def test_one_trace_leads_from_the_request_to_the_email(
    world: World, recorded: Recorded, database: Database, amqp_url: str, amqp_prefix: str
) -> None:
    async with listening(amqp_url, Names(amqp_prefix).events) as heard:
        assert (await world.client.post(PAID, traceparent=CLIENT)).status == 202
        await eventually(lambda: world.mailbox.mails, within=40, what="the thank-you")
        request = await recorded.one("POST /api/v1/orders")
        settled = await recorded.one("settle submission")
        published = await recorded.one("publish payment.paid")
        planned = await recorded.one("plan payment.paid")
        sent = await recorded.one("send email")
        await eventually(lambda: "payment.paid" in {event.type for event in heard.events}, what="the event")
    assert f"{trace_of(request):032x}" == CLIENT[3:35]
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == CLIENT[36:52]
    assert request.kind is SpanKind.SERVER
    assert is_child(settled, request)
    assert is_child(published, settled)
    assert is_child(planned, published)
    assert is_child(sent, planned)
    (paid,) = [event for event in heard.events if event.type == "payment.paid"]
    assert traces.trace_id(paid.traceparent) == CLIENT[3:35]
    async with database.transaction() as connection:
        assert traces.trace_id(await connection.fetchval("SELECT trace FROM notifications")) == CLIENT[3:35]


async def test_webhook_is_sent_within_the_trace_of_its_event(
    account: Tenant, database: Database, database_url: str, recorded: Recorded
) -> None:
    connection = await asyncpg.connect(database_url)
    webhooks = Webhooks(database_url, database, account.id, connection)
    try:
        async with listening_endpoint() as endpoint:
            new = await webhooks.add(endpoint)
            event = Event(uuid7(), "payment.paid", "2026-11-22T09:30:00Z", account.id, True, {"order": {}}, CLIENT)
            async with webhooks.delivering():
                async with database.transaction() as transaction:
                    await add_to_outbox(transaction, [(event, uuid4())])
                await webhooks.carry()
                await webhooks.reaches(new, event, "delivered")
        sent = await recorded.one("send webhook")
    finally:
        await connection.close()
    assert sent.parent is not None
    assert f"{trace_of(sent):032x}-{sent.parent.span_id:016x}" == CLIENT[3:52]


async def test_what_travels_together_is_linked_to_each_request(world: World, recorded: Recorded) -> None:
    orders = [{**PAID, "orderNumber": f"T-{number}", "paymentStatus": "pending"} for number in range(3)]
    assert (await world.client.post(orders, "/api/v1/orders/batch", Prefer="wait=20")).status == 200
    request = await recorded.one("POST /api/v1/orders/batch")
    published = await recorded.one("publish submissions")
    together = await recorded.one("settle batch")
    assert trace_of(published) != trace_of(request)
    for span in (published, together):
        assert [link.context.trace_id for link in span.links] == [trace_of(request)] * 3
    settled = recorded.all("settle submission")
    assert len(settled) == 3
    for span in settled:
        assert is_child(span, request)
        assert together.context is not None
        assert [link.context.span_id for link in span.links] == [together.context.span_id]


async def test_what_is_no_traceparent_begins_a_trace_of_our_own(world: World, recorded: Recorded) -> None:
    wrong = (
        "",
        "00",
        f"{CLIENT}-x",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"ff{CLIENT[2:]}",
        CLIENT.upper(),
        "0" * 6000,
    )
    for number, given in enumerate(wrong):
        order = {"platform": "custom", "orderNumber": f"W-{number}", "orderStatus": "processing"}
        assert (await world.client.post(order, traceparent=given)).status == 202
    await eventually(lambda: len(recorded.all("POST /api/v1/orders")) == len(wrong), what="all requests")
    requests = recorded.all("POST /api/v1/orders")
    assert all(request.parent is None for request in requests)
    assert len({trace_of(request) for request in requests}) == len(wrong)


async def test_what_the_client_does_not_sample_is_not_recorded_and_goes_on_without(
    world: World, recorded: Recorded
) -> None:
    assert (await world.client.post(PAID, traceparent=f"{CLIENT[:-2]}00")).status == 202
    await eventually(lambda: world.mailbox.mails, within=40, what="the thank-you")
    assert recorded.all("POST /api/v1/orders") == []
    assert recorded.all("settle submission") == []
    assert recorded.all("send email") == []


async def test_span_names_hold_no_path_and_no_personal_data(world: World, recorded: Recorded) -> None:
    secret = f"klant-{uuid4().hex}@bedrijf.nl"
    await world.client.ask("DELETE", f"/api/v1/customers/{secret}", headers={"X-API-Key": world.client.key})
    await world.client.get(f"/nowhere/{secret}")
    await recorded.one("GET other")
    assert recorded.all("GET /readyz") == [], "nobody wants probes traced"
    erased = await recorded.one("DELETE /api/v1/customers/{email}")
    assert erased.status.status_code is not StatusCode.ERROR
    everything = json.dumps([span.to_json() for name in ("GET other", erased.name) for span in recorded.all(name)])
    assert secret not in everything
