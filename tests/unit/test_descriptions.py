"""The descriptions that the console serves are those of the code, and name every route."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from aiohttp import web

from services.cli.documents.asyncapi import NotificationEvent, OrderEvent
from services.cli.documents.commands import SERVED, written
from services.cli.documents.openapi import openapi, routes
from services.console import app as console
from services.console import settings as console_settings
from services.console.key_body import KeyBody, RotationBody, read_key, read_overlap_seconds
from services.console.settings_body import SettingsBody, read_settings
from services.gateway import app as gateway
from services.gateway import settings as gateway_settings
from services.gateway.examples import NEW_INVOICE, PAYMENT
from services.notifier.events import FinalState, settled_event
from services.notifier.notification import Notification
from shared.account_settings import AccountSettings
from shared.contracts import EVENT_TYPES, Event
from shared.http.access import Access
from shared.http.health import add_health
from shared.http.routes import ROUTES
from shared.http.server import make_application
from shared.keys import SCOPES
from shared.orders.body import OrderBody
from shared.orders.documents import AcceptedOrder, Fields, Order
from shared.orders.validation import read_order
from shared.orders.view import FIELDS
from tests.settings import settings_of, web_settings

STATIC = Path(console.__file__).parent / "static"
NOW = 1_795_000_000_000_000


@pytest.fixture
async def application() -> web.Application:
    """Both HTTP services on one application, connected to nothing."""
    url, amqp_url = "postgresql://nobody@127.0.0.1:1/none", "amqp://nobody@127.0.0.1:1"
    mounted = make_application(web_settings())
    add_health(mounted)
    access = Access(url)
    of_gateway = settings_of(gateway_settings.fill, database_url=url, amqp_url=amqp_url, amqp_prefix="none")
    of_console = settings_of(console_settings.fill, database_url=url, amqp_url=amqp_url, amqp_prefix="none")
    gateway.mount(mounted, of_gateway, access)
    console.mount(mounted, of_console, access)
    return mounted


def names(struct: type[msgspec.Struct]) -> list[str]:
    """Return the names of a Struct's members, as JSON has them."""
    return [field.encode_name for field in msgspec.structs.fields(struct)]


def references(value: Any) -> Iterator[str]:
    """Yield every $ref of a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for element in value:
            yield from references(element)


@pytest.mark.parametrize("name", SERVED)
def test_the_served_file_is_what_the_code_gives(name: str) -> None:
    assert (STATIC / name).read_bytes() == written(SERVED[name]()), "run make docs"


@pytest.mark.parametrize("name", SERVED)
def test_every_reference_leads_somewhere(name: str) -> None:
    document = SERVED[name]()
    for reference in references(document):
        place = document
        for token in reference.removeprefix("#/").split("/"):
            place = place[token]


async def test_every_route_is_declared_and_described_and_nothing_else(application: web.Application) -> None:
    served = {
        (route.method, route.resource.canonical)
        for route in application.router.routes()
        # The dashboard is for people: its pages are no part of the API.
        if route.resource and route.resource.canonical != "/" and not route.resource.canonical.startswith("/dashboard")
    }
    declared = {(route.method, route.path) for route in application[ROUTES]}
    assert {(method, path) for method, path in served if method != "HEAD"} == declared
    assert {path for method, path in served if method == "HEAD"} == {p for method, p in declared if method == "GET"}
    described = {(method.upper(), path) for path, item in openapi()["paths"].items() for method in item}
    pages = {(route.method, route.path) for route in application[ROUTES] if route.is_page}
    assert described == declared - pages
    assert {path for _, path in pages} == {"/docs", "/docs/{file}"}


def test_operations_have_names_of_their_own() -> None:
    ids = [operation["operationId"] for item in openapi()["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids)) == len(routes())
    assert {tag["name"] for tag in openapi()["tags"]} == {route.tag for route in routes()}


def test_the_api_asks_for_a_key_wherever_it_reads_or_writes() -> None:
    assert {route.path for route in routes() if route.scope is None} == {
        *("/healthz", "/readyz"),
        *("/openapi.json", "/asyncapi.json"),
        "/hooks/whatsapp/{account}",  # a signature
    }


def test_an_order_is_described_with_all_its_fields() -> None:
    sent = [*names(OrderBody)]
    assert sorted({*FIELDS, "platform", "orderNumber", "occurredAt", "clear"}) == sorted(sent)
    assert sorted(names(Fields)) == sorted(FIELDS)
    assert sorted(names(AcceptedOrder)) == sorted(("id", "platform", "orderNumber", *FIELDS))
    more = ("amountDue", "version", "createdAt", "updatedAt")
    assert names(Order) == ["id", "platform", "orderNumber", *names(Fields), *more]


def test_the_fields_that_can_be_cleared_are_those_described() -> None:
    schema = openapi()["components"]["schemas"]["OrderBody"]["properties"]["clear"]["anyOf"][0]
    clearable = schema["items"]["enum"]
    order = {"platform": "custom", "orderNumber": "1", "orderStatus": "processing", "clear": clearable}
    draft = read_order(msgspec.json.encode(order), strict=True, now=NOW)
    assert sorted(draft.content.clears) == sorted(clearable)
    assert set(FIELDS) - set(clearable) == {"orderStatus", "paymentStatus"}


@pytest.mark.parametrize("example", [NEW_INVOICE, PAYMENT])
def test_examples_of_orders_are_taken_without_a_warning(example: dict[str, Any]) -> None:
    draft = read_order(msgspec.json.encode(example), strict=True, now=NOW)
    assert draft.warnings == ()


def test_settings_are_described_with_all_their_members() -> None:
    assert names(SettingsBody) == names(AccountSettings)
    assert read_settings(msgspec.json.encode(SettingsBody())) == AccountSettings()
    assert read_settings(msgspec.json.encode(dict.fromkeys(names(SettingsBody)))) == AccountSettings()


def test_keys_and_rotations_are_described_with_all_their_members() -> None:
    key = read_key(msgspec.json.encode(KeyBody("k", list(SCOPES))), NOW)
    assert (key.name, key.platforms, key.expires_at, key.live) == ("k", None, None, None)
    assert read_overlap_seconds(msgspec.json.encode(RotationBody(60))) == 60


@pytest.mark.parametrize("state", ["sent", "simulated", "failed"])
def test_what_became_of_a_message_is_told_as_described(state: FinalState) -> None:
    began = datetime(2026, 11, 22, tzinfo=UTC)
    some = UUID(int=1)
    notification = Notification(
        id=some,
        account=some,
        live=True,
        order_id=some,
        kind="reminder",
        event_type="reminder.due",
        run_id=some,
        step=2,
        channel="email",
        state="sending",
        attempts=1,
        created_at=began,
        due_at=began,
    )
    event = msgspec.json.encode(settled_event(notification, None, state, began))
    read = msgspec.json.decode(event, type=NotificationEvent)
    assert msgspec.json.decode(msgspec.json.encode(read)) == msgspec.json.decode(event)
    assert read.type in EVENT_TYPES


def test_every_event_is_described() -> None:
    document = SERVED["asyncapi.json"]()
    assert set(document["channels"]["events"]["messages"]) == set(EVENT_TYPES)
    assert set(document["components"]["messages"]) == {*EVENT_TYPES, "submissions"}
    for kind in EVENT_TYPES:
        told, sent = document["components"]["messages"][kind], document["channels"]["webhooks"]["messages"][kind]
        assert sent["payload"] == told["payload"], "webhooks get what consumers get"
    assert names(OrderEvent) == names(NotificationEvent) == names(Event)
