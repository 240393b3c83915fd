"""What each answer adds to metrics and traces: its route as declared, its status, and a failure where it is ours."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from shared import traces
from shared.errors import Unavailable
from shared.http.server import make_application
from shared.metrics import REGISTRY
from shared.spans import OpenTelemetry
from tests.settings import web_settings

PATH: Final = "/measured/{what}"
Site = TestClient[web.Request, web.Application]


async def answer(request: web.Request) -> web.Response:
    match request.match_info["what"]:
        case "broken":
            raise ZeroDivisionError
        case "away":
            raise Unavailable("Postgres is away")
        case _:
            return web.Response(status=201)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    application = make_application(web_settings())
    application.router.add_get(PATH, answer)
    async with TestClient(TestServer(application)) as client:
        yield client


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracer = OpenTelemetry("test", exporter)
    traces.use(tracer)
    yield exporter
    traces.use(None)
    tracer.stop()


def counted(status: str, route: str = PATH) -> float | None:
    labels = {"method": "GET", "route": route, "status": status}
    return REGISTRY.get_sample_value("bugalou_http_requests_total", labels)


async def test_what_somebody_is_woken_for_is_seen_at_zero_before_it_happens(site: Site) -> None:
    before = counted("500"), counted("503")
    assert None not in before
    assert (await site.get("/measured/broken")).status == 500
    assert (await site.get("/measured/away")).status == 503
    assert (counted("500"), counted("503")) == tuple(value + 1 for value in before if value is not None)


async def test_address_that_a_client_made_up_is_no_label(site: Site) -> None:
    before = counted("404", "other") or 0
    assert (await site.get("/made/up")).status == 404
    assert counted("404", "other") == before + 1
    assert counted("404", "/made/up") is None


@pytest.mark.parametrize(
    ("what", "status", "failed"), [("stored", 201, False), ("broken", 500, True), ("away", 503, True)]
)
async def test_span_of_a_request_has_the_status_of_its_answer(
    site: Site, exporter: InMemorySpanExporter, what: str, status: int, failed: bool
) -> None:
    assert (await site.get(f"/measured/{what}")).status == status
    span = await ended(exporter)
    wanted = {"http.request.method": "GET", "http.route": PATH, "http.response.status_code": status}
    assert span.attributes == {**wanted, **({"error.type": str(status)} if failed else {})}
    assert (span.status.status_code is StatusCode.ERROR) is failed


async def test_span_of_a_client_s_mistake_is_no_failure_of_ours(site: Site, exporter: InMemorySpanExporter) -> None:
    await site.request("PROPFIND", "/made/up")
    span = await ended(exporter)
    assert span.attributes == {"http.request.method": "_OTHER", "http.response.status_code": 404}
    assert span.status.status_code is StatusCode.UNSET


async def ended(exporter: InMemorySpanExporter) -> ReadableSpan:
    """Return the one span that the tracer in use has recorded."""
    traces.stop_traces()
    (span,) = exporter.get_finished_spans()
    return span
