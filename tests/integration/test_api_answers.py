"""Real answers of the live system are those that the API's description shows, member for member."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from services.cli.documents.openapi import routes
from services.console.accounts import Accounts
from services.gateway.examples import NEW_INVOICE, PAYMENT
from shared.http.problems import ProblemDocument
from shared.http.routes import Route
from tests.gateways import JSON, Answer, Client
from tests.live import running_live
from tests.polling import eventually

_ROUTES: dict[tuple[str, str], Route] = {(route.method, route.path): route for route in routes()}
_ORDER = "/api/v1/orders/{platform}/{orderNumber}"
_PATH = "/api/v1/orders/custom/INV-2026-042"


@pytest.fixture
async def client(accounts: Accounts, database_url: str, amqp_url: str, amqp_prefix: str) -> AsyncIterator[Client]:
    """A client of the live system, with a key that may do everything."""
    _, live, _ = await accounts.create("asked", ["admin"])
    async with running_live(
        live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix
    ) as live_one:
        yield live_one


async def ask(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """Ask with the client's key."""
    sent = None if body is None else msgspec.json.encode(body)
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.ask(method, path, sent, {"X-API-Key": client.key, **(JSON if sent else {}), **more})


def assert_described(answer: Answer, method: str, path: str, status: int) -> Any:
    """Hold an answer to its route's description: nothing is missing, nothing is left over, headers stand there."""
    assert answer.status == status, answer.body
    described = next(one for one in _ROUTES[method, path].answers if one.status == status)
    for header in described.headers:
        assert header in answer.headers or header == "Preference-Applied", header
    if described.of is None:
        assert answer.body == b""
        return None
    assert answer.headers["Content-Type"].split(";")[0] == described.media_type
    read = msgspec.json.decode(answer.body, type=described.of)
    assert msgspec.json.decode(msgspec.json.encode(read)) == answer.document
    return answer.document


async def stored_receipt(client: Client, accepted: Any) -> str:
    """Return the receipt of an accepted order once it is stored: what comes next may else be first, and make it."""
    path = f"/api/v1/receipts/{accepted['receipt']['id']}"

    async def is_stored() -> bool:
        return (await ask(client, "GET", path)).status == 200

    await eventually(is_stored, what="the order is stored")
    return path


async def test_orders_are_answered_as_described(client: Client) -> None:
    invoice = {**NEW_INVOICE, "metadata": {"a": "b"}, "dueDate": "2026-12-01", "nonsense": 1}
    accepted = assert_described(await ask(client, "POST", "/api/v1/orders", invoice), "POST", "/api/v1/orders", 202)
    assert accepted["warnings"]
    receipt = await stored_receipt(client, accepted)
    stored = await ask(client, "POST", "/api/v1/orders", PAYMENT, Prefer="wait=20")
    assert_described(stored, "POST", "/api/v1/orders", 200)
    assert stored.headers["Preference-Applied"] == "wait=20"
    again = await ask(client, "POST", "/api/v1/orders", PAYMENT, Prefer="wait=20")
    assert "duplicateOf" in assert_described(again, "POST", "/api/v1/orders", 200)["receipt"]
    new = await ask(client, "POST", "/api/v1/orders", {**PAYMENT, "orderNumber": "2"}, Prefer="wait=20")
    assert_described(new, "POST", "/api/v1/orders", 201)
    assert_described(await ask(client, "GET", receipt), "GET", "/api/v1/receipts/{id}", 200)
    assert_described(await ask(client, "GET", _PATH), "GET", _ORDER, 200)
    history = assert_described(await ask(client, "GET", f"{_PATH}/history"), "GET", f"{_ORDER}/history", 200)
    assert [one["state"] for one in history["data"]] == ["applied", "applied", "duplicate"]
    assert_described(await ask(client, "GET", f"{_PATH}/notifications"), "GET", f"{_ORDER}/notifications", 200)
    page = assert_described(await ask(client, "GET", "/api/v1/orders?limit=1"), "GET", "/api/v1/orders", 200)
    assert page["nextCursor"]
    assert assert_described(await ask(client, "GET", "/api/v1/overview"), "GET", "/api/v1/overview", 200)["data"]
    exported = await ask(client, "GET", "/api/v1/orders.csv")
    assert exported.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert_described(
        await ask(client, "DELETE", "/api/v1/customers/klant@bedrijf.nl"), "DELETE", "/api/v1/customers/{email}", 204
    )


async def test_batches_are_answered_as_described(client: Client) -> None:
    path = "/api/v1/orders/batch"
    mixed = await ask(client, "POST", path, [NEW_INVOICE, {**PAYMENT, "nonsense": 1}, {"platform": 1}, 2])
    await stored_receipt(client, assert_described(mixed, "POST", path, 200)["results"][0])
    waited = await ask(client, "POST", path, [{**PAYMENT, "total": "1"}], Prefer="wait=20")
    (result,) = assert_described(waited, "POST", path, 200)["results"]
    assert result["status"] == 200
    assert "order" not in result  # of ten thousand, each could be 256 KiB
    refusal = next(one for one in _ROUTES["POST", path].refusals if one.status == 422)
    nothings: tuple[list[Any], ...] = ([], [{}])
    for nothing in nothings:
        refused = await ask(client, "POST", path, nothing)
        read = msgspec.json.decode(refused.body, type=refusal.of)
        assert (refused.status, msgspec.json.decode(msgspec.json.encode(read))) == (422, refused.document)


async def test_settings_and_keys_are_answered_as_described(client: Client) -> None:
    path = "/api/v1/settings"
    assert_described(await ask(client, "GET", path), "GET", path, 200)
    limit = {"rateLimit": {"requestsPerSecond": 1000, "burst": 1000}}
    assert_described(await ask(client, "PUT", path, limit), "PUT", path, 200)
    path = "/api/v1/keys"
    made = assert_described(await ask(client, "POST", path, {"name": "k", "scopes": ["admin"]}), "POST", path, 201)
    rotated = await ask(client, "POST", f"{path}/{made['id']}/rotate", {"overlapSeconds": 0})
    assert_described(rotated, "POST", path + "/{id}/rotate", 200)
    assert_described(await ask(client, "DELETE", f"{path}/{made['id']}"), "DELETE", path + "/{id}", 204)
    assert_described(await ask(client, "GET", path), "GET", path, 200)

    async def limited() -> bool:
        return "RateLimit" in (await ask(client, "GET", path)).headers

    await eventually(limited, what="the limit is shown")


async def test_probes_and_descriptions_are_answered_as_described(client: Client) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json", "/asyncapi.json"):
        assert_described(await client.ask("GET", path), "GET", path, 200)


def address_of(route: Route) -> str:
    """Return an address of a route that is there, or could be."""
    path = route.path.replace("{platform}", "custom").replace("{orderNumber}", "1").replace("{email}", "a@b.nl")
    return path.replace("{id}", "018f2b5e-0000-7000-8000-000000000000")


async def test_every_address_refuses_other_methods_and_says_which_it_takes(client: Client) -> None:
    for path in sorted({route.path for route in routes()}):
        ours = [route for route in routes() if route.path == path]
        taken = {route.method for route in ours} | ({"HEAD"} if any(route.method == "GET" for route in ours) else set())
        for method in sorted({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - taken):
            answer = await client.ask(method, address_of(ours[0]), headers={"X-API-Key": client.key})
            assert answer.status == 405, (method, path)
            assert set(answer.headers["Allow"].split(", ")) == taken, (method, path)
            assert method == "HEAD" or answer.is_problem(), (method, path)


async def test_head_answers_as_get_without_a_body(client: Client) -> None:
    await ask(client, "POST", "/api/v1/orders", NEW_INVOICE, Prefer="wait=20")
    for route in (route for route in routes() if route.method == "GET"):
        path = _PATH + route.path.removeprefix(_ORDER) if route.path.startswith(_ORDER) else address_of(route)
        got, head = await ask(client, "GET", path), await ask(client, "HEAD", path)
        assert (head.status, head.body) == (got.status, b""), path
        assert head.headers["Content-Type"] == got.headers["Content-Type"], path


async def test_every_address_refuses_a_parameter_that_it_does_not_read(client: Client) -> None:
    for route in (route for route in routes() if route.scope is not None):
        body = NEW_INVOICE if route.method in ("POST", "PUT") else None
        answer = await ask(client, route.method, f"{address_of(route)}?nonsense=1", body)
        assert answer.status == 422, (route.path, answer.body)
        assert [fault["pointer"] for fault in answer.document["errors"]] == ["/nonsense"], route.path
        assert "no parameter" in answer.document["errors"][0]["message"]


async def test_every_parameter_that_is_described_is_read(client: Client) -> None:
    values = {"from": "2026-01", "to": "2026-12", "limit": "5", "sort": "total", "dueBefore": "2026-01-01"}
    values |= {"updatedSince": "2026-01-01T00:00:00Z", "paymentStatus": "paid,pending", "orderStatus": "delivered"}
    for route in (route for route in routes() if route.method == "GET"):
        await ask(client, "POST", "/api/v1/orders", NEW_INVOICE)
        for parameter in route.query:
            answer = await ask(client, "GET", f"{address_of(route)}?{parameter.name}={values.get(parameter.name, 'a')}")
            faults = answer.document.get("errors", []) if answer.status == 422 else []
            assert all("no parameter" not in fault["message"] for fault in faults), (route.path, parameter.name)


async def test_every_route_asks_for_a_key_in_its_own_form(client: Client) -> None:
    for route in (route for route in routes() if route.scope is not None):
        answer = await client.ask(route.method, address_of(route))
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="bugalou"'), route.path
        read = msgspec.json.decode(answer.body, type=ProblemDocument)
        assert msgspec.json.decode(msgspec.json.encode(read)) == answer.document
