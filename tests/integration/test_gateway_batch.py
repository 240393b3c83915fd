"""POST /api/v1/orders/batch over real HTTP and a real broker: a verdict for each order, and what reaches the queue."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import pytest
from msgspec import Struct

from services.console.accounts import Accounts
from services.worker.app import graph as worker_graph
from services.worker.settings import fill as fill_worker
from shared.contracts import Submission
from shared.database import Database
from shared.keys import SCOPES
from shared.topology import Names
from tests.gateways import SEED, Answer, Client, running_gateway
from tests.isolation import fresh_database, fresh_prefix
from tests.queues import channel_to, take_submissions
from tests.running import running
from tests.settings import settings_of

PATH: Final = "/api/v1/orders/batch"
NDJSON: Final = "application/x-ndjson"


class World(Struct, frozen=True):
    """One gateway for the whole module, and the queue behind it."""

    gateway: Client
    narrow: str
    database_url: str
    amqp_url: str
    prefix: str

    async def post(self, body: bytes, query: str = "", **headers: str) -> Answer:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        usual = {"X-API-Key": self.gateway.key, "Content-Type": "application/json"}
        return await self.gateway.ask("POST", PATH + query, body, {**usual, **more})

    async def queued(self) -> list[Submission]:
        async with channel_to(self.amqp_url) as channel:
            return await take_submissions(channel, Names(self.prefix).submissions)


@pytest.fixture(scope="module")
async def world(postgres_url: str, template: str, amqp_url: str) -> AsyncIterator[World]:
    async with fresh_database(postgres_url, template) as url, fresh_prefix(amqp_url) as prefix:
        database = Database(url, purpose="test", most=2)
        await database.open()
        try:
            accounts = Accounts(database)
            account, live, _ = await accounts.create("De Groot", SCOPES)
            narrow = await accounts.create_key(account, live=True, name="p", scopes=SCOPES, platforms=["moneybird"])
            async with running_gateway(live.key, database_url=url, amqp_url=amqp_url, amqp_prefix=prefix) as client:
                yield World(client, narrow.key, url, amqp_url, prefix)
        finally:
            await database.close()


@pytest.fixture(autouse=True)
async def queue_is_emptied(world: World) -> AsyncIterator[None]:
    yield
    await world.queued()


def numbered(*numbers: object, **more: Any) -> list[dict[str, Any]]:
    return [{**SEED, "orderNumber": str(number), **more} for number in numbers]


def lines(orders: Iterable[Any]) -> bytes:
    return b"".join(json.dumps(order).encode() + b"\n" for order in orders)


def verdicts(answer: Answer) -> list[tuple[int, int]]:
    return [(result["index"], result["status"]) for result in answer.document["results"]]


@pytest.mark.parametrize("media_type", ["application/json", NDJSON])
async def test_one_bad_order_rejects_no_other_and_each_has_its_verdict(world: World, media_type: str) -> None:
    first, last = numbered(1, 3)
    orders = [first, {**SEED, "orderNumber": "2", "total": "1e3", "items": [{"name": "a", "price": "x"}]}, 5, last]
    body = lines(orders) if media_type == NDJSON else json.dumps(orders).encode()
    answer = await world.post(body, Content_Type=media_type)
    assert answer.status == 200
    document = answer.document
    assert (document["success"], document["accepted"], document["rejected"]) == (True, 2, 2)
    assert verdicts(answer) == [(0, 202), (1, 422), (2, 422), (3, 202)]
    assert {error["pointer"] for error in document["results"][1]["errors"]} == {"/total", "/items/0/price"}
    assert (document["results"][1]["platform"], document["results"][1]["orderNumber"]) == ("custom", "2")
    assert all(error["message"] for error in document["results"][1]["errors"])
    queued = await world.queued()
    assert [one.order_number for one in queued] == ["1", "3"]
    assert [str(one.id) for one in queued] == [document["results"][index]["receipt"]["id"] for index in (0, 3)]


async def test_order_of_the_array_is_the_order_of_versions(world: World) -> None:
    answer = await world.post(json.dumps(numbered(*["same"] * 600)).encode())
    versions = [int(result["receipt"]["version"]) for result in answer.document["results"]]
    assert versions == sorted(set(versions))
    assert {str(one.id): one.version for one in await world.queued()} == {
        result["receipt"]["id"]: int(result["receipt"]["version"]) for result in answer.document["results"]
    }


async def test_broken_line_is_that_lines_422(world: World) -> None:
    good, other = (json.dumps(order).encode() for order in numbered(1, 2))
    broken = [b"{", b'{"a": 1, "a": 2}', b'"\xff"', b'{"platform": "\\ud800"}', good + good]
    answer = await world.post(b"\n".join([good, *broken, b"", b"  \r", other]), Content_Type=NDJSON)
    assert verdicts(answer) == [(0, 202), (1, 422), (2, 422), (3, 422), (4, 422), (5, 422), (6, 202)]
    assert all(result["error"] for result in answer.document["results"][1:6])


@pytest.mark.parametrize("wrong", [5, {**SEED, "orderStatus": "sent"}])
async def test_atomic_batch_with_one_bad_order_rejects_all(world: World, wrong: Any) -> None:
    body = json.dumps([*numbered(1), wrong, *numbered(2)]).encode()
    answer = await world.post(body, "?atomic=true")
    assert (answer.status, answer.document["code"]) == (422, "invalid_batch")
    assert answer.is_problem()
    assert verdicts(answer) == [(1, 422)]
    assert await world.queued() == []
    assert (await world.post(json.dumps(numbered(1, 2)).encode(), "?atomic=true")).document["accepted"] == 2


async def test_empty_and_all_wrong_batches_are_422_and_no_batch_at_all_is_told_apart(world: World) -> None:
    for body, media_type, status, code in (
        (b"[]", "application/json", 422, "empty_batch"),
        (b"\n \n", NDJSON, 422, "empty_batch"),
        (b"[{}, 1]", "application/json", 422, "invalid_batch"),
        (b"{}", "application/json", 422, "invalid_input"),
        (b"[{}", "application/json", 400, "malformed_json"),
        (b"[]", "text/csv", 415, "unsupported_media_type"),
    ):
        answer = await world.post(body, Content_Type=media_type)
        assert (answer.status, answer.document["code"]) == (status, code), body
        assert answer.is_problem()
    assert await world.queued() == []


async def test_ten_thousand_orders_are_taken_and_one_more_is_413(world: World) -> None:
    body = json.dumps(numbered(*range(10_000))).encode()
    answer = await world.post(body)
    assert (answer.status, answer.document["accepted"]) == (200, 10_000)
    assert len({one.order_id for one in await world.queued()}) == 10_000
    for more, media_type in ((body[:-1] + b", {}]", "application/json"), (b"{}\n" * 10_001, NDJSON)):
        answer = await world.post(more, Content_Type=media_type)
        assert (answer.status, answer.document["code"]) == (413, "too_many_orders")
    assert await world.queued() == []


async def test_batch_may_have_16_mib_and_an_order_in_it_256_kib(world: World) -> None:
    order, limit = json.dumps(SEED).encode(), 16 * 1024 * 1024
    huge = order[:-1] + b" " * (256 * 1024) + b"}"
    body = b"[" + order + b"," + huge
    answer = await world.post(body + b" " * (limit - len(body) - 1) + b"]")
    assert verdicts(answer) == [(0, 202), (1, 422)]
    # The refusal comes before the body: a client that sends all of it may find the connection closed.
    reader, writer = await asyncio.open_connection(world.gateway.url.host, world.gateway.url.port)
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nX-API-Key: {world.gateway.key}\r\nContent-Type: {NDJSON}\r\n"
    writer.write(f"{head}Content-Length: {limit + 1}\r\n\r\n".encode())
    async with asyncio.timeout(20):
        assert b"413" in await reader.readline()
    writer.close()


async def test_key_of_an_item_is_the_batches_key_and_its_index(world: World) -> None:
    orders = numbered("same", "same")
    body = json.dumps(orders).encode()
    first, again = [await world.post(body, Idempotency_Key="abc") for _ in range(2)]
    ids = [[result["receipt"]["id"] for result in answer.document["results"]] for answer in (first, again)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2
    alone = await world.gateway.post(orders[1], Idempotency_Key="abc/1")
    assert alone.document["receipt"]["id"] == ids[0][1]


async def test_unknown_fields_are_warnings_of_their_item_or_its_faults_where_strict(world: World) -> None:
    body = json.dumps([*numbered(1), *numbered(2, paymentstatus="paid")]).encode()
    answer = await world.post(body)
    assert [result.get("warnings", []) != [] for result in answer.document["results"]] == [False, True]
    assert answer.document["results"][1]["warnings"][0]["pointer"] == "/paymentstatus"
    answer = await world.post(body, "?strict=true")
    assert verdicts(answer) == [(0, 202), (1, 422)]


async def test_platform_off_the_keys_list_is_refused_for_that_order_alone(world: World) -> None:
    body = json.dumps([*numbered(1), *numbered(2, platform="moneybird")]).encode()
    answer = await world.post(body, X_API_Key=world.narrow)
    assert verdicts(answer) == [(0, 422), (1, 202)]
    assert [one.platform for one in await world.queued()] == ["moneybird"]


async def test_one_who_waits_is_told_of_every_order(world: World) -> None:
    settings = settings_of(
        fill_worker, database_url=world.database_url, amqp_url=world.amqp_url, amqp_prefix=world.prefix
    )
    body = json.dumps([*numbered("new", "new", "other"), {}]).encode()
    async with running(worker_graph(settings)):
        answer = await world.post(body, Prefer="wait=20")
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert [result["status"] for result in answer.document["results"]][2:] == [201, 422]
    states = [result["receipt"]["state"] for result in answer.document["results"][:3]]
    assert states == ["applied", "duplicate", "applied"]
