"""What the gateway refuses, each as a problem document, and that nothing of it reaches the queue."""

import gzip
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Struct

from services.console.accounts import Accounts
from shared.database import Database
from shared.keys import SCOPES, make_key
from shared.topology import Names
from tests.gateways import JSON, SEED, Answer, Client, running_gateway
from tests.isolation import fresh_database, fresh_prefix
from tests.polling import eventually
from tests.queues import channel_to, ready_in

BODY = json.dumps(SEED).encode()
WRONG = "Invalid or expired API key"


class World(Struct, frozen=True):
    """One gateway for the whole module: nothing here is accepted, so no test leaves anything for another."""

    gateway: Client
    keys: dict[str, str]
    accounts: Accounts
    amqp_url: str
    queue: str

    async def post(self, body: bytes, key: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Post bytes; `headers` replace those of a usual request."""
        usual = {"X-API-Key": key or self.gateway.key, **JSON}
        return await self.gateway.ask("POST", "/api/v1/orders", body, usual if headers is None else headers)


@pytest.fixture(scope="module")
async def world(postgres_url: str, template: str, amqp_url: str) -> AsyncIterator[World]:
    async with fresh_database(postgres_url, template) as url, fresh_prefix(amqp_url) as prefix:
        database = Database(url, purpose="test", most=2)
        await database.open()
        accounts = Accounts(database)
        account, live, _ = await accounts.create("De Groot", SCOPES)
        now = datetime.now(UTC)
        expired = await accounts.create_key(
            account, live=True, name="e", scopes=SCOPES, expires_at=now - timedelta(seconds=1)
        )
        revoked = await accounts.create_key(account, live=True, name="r", scopes=SCOPES)
        await accounts.revoke(revoked.id)
        reader = await accounts.create_key(account, live=True, name="o", scopes=["orders:read"])
        narrow = await accounts.create_key(account, live=True, name="p", scopes=SCOPES, platforms=["moneybird"])
        keys = {"expired": expired.key, "revoked": revoked.key, "reader": reader.key, "narrow": narrow.key}
        try:
            async with running_gateway(
                live.key,
                database_url=url,
                amqp_url=amqp_url,
                amqp_prefix=prefix,
                GATEWAY_BODIES_BYTES=64 * 1024 * 1024,
            ) as client:
                yield World(client, keys, accounts, amqp_url, Names(prefix).submissions)
        finally:
            await database.close()


@pytest.fixture(autouse=True)
async def nothing_is_queued(world: World) -> AsyncIterator[None]:
    yield
    async with channel_to(world.amqp_url) as channel:
        assert await ready_in(channel, world.queue) == 0


def check(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status, answer.body
    assert answer.is_problem(), answer.body
    assert answer.document["code"] == code


# --- keys


async def test_missing_malformed_and_unknown_keys_get_one_and_the_same_401(world: World) -> None:
    typo = world.gateway.key[:-1] + ("0" if world.gateway.key[-1] != "0" else "1")
    for headers in (
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "hunter2"},
        {"X-API-Key": typo},
        {"X-API-Key": make_key(live=True)},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {world.gateway.key}"},
        {"Authorization": world.gateway.key},
        {"X-API-Key": world.gateway.key, "Authorization": "Basic eDp5"},
    ):
        answer = await world.post(BODY, headers={**JSON, **headers})
        check(answer, 401, "invalid_api_key")
        assert answer.document["error"] == WRONG
        assert "Bearer" in answer.headers["WWW-Authenticate"]


async def test_two_different_keys_in_one_request_are_401(world: World) -> None:
    headers = {**JSON, "X-API-Key": world.gateway.key, "Authorization": f"Bearer {world.keys['narrow']}"}
    check(await world.post(BODY, headers=headers), 401, "invalid_api_key")


async def test_known_but_expired_or_revoked_key_is_403(world: World) -> None:
    for name in ("expired", "revoked"):
        answer = await world.post(BODY, world.keys[name])
        check(answer, 403, "expired_api_key")
        assert answer.document["error"] == WRONG


async def test_missing_scope_and_platform_off_the_list_are_403_with_codes_of_their_own(world: World) -> None:
    check(await world.post(BODY, world.keys["reader"]), 403, "missing_scope")
    check(await world.post(BODY, world.keys["narrow"]), 403, "platform_not_allowed")


async def test_keys_are_checked_before_bodies(world: World) -> None:
    check(await world.post(b"not json", headers={"X-API-Key": "x"}), 401, "invalid_api_key")


async def test_revoked_key_is_refused_within_seconds(world: World) -> None:
    [row, *_] = await world.accounts.keys()
    key = await world.accounts.create_key(row.account, live=True, name="gone", scopes=SCOPES)

    async def status() -> int:
        return (await world.post(b"{}", key.key)).status

    async def known() -> bool:
        return await status() == 422

    async def refused() -> bool:
        return await status() == 403

    await eventually(known, within=5, what="a new key is known")
    await world.accounts.revoke(key.id)
    await eventually(refused, within=5, what="a revoked key is refused")


# --- addresses, methods, types, sizes


async def test_unknown_addresses_are_404_and_other_methods_405_with_allow(world: World) -> None:
    for path in ("/", "/api", "/api/v1/order", "/api/v1/orders/", "/api/v2/orders", "/%00", "/..%2f..%2fetc/passwd"):
        check(await world.gateway.get(path), 404, "not_found")
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = await world.gateway.ask(method, "/api/v1/orders", headers={"X-API-Key": world.gateway.key})
        check(answer, 405, "method_not_allowed")
        assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-16",
    ],
)
async def test_anything_but_json_in_utf_8_is_415(world: World, declared: str | None) -> None:
    headers = {"X-API-Key": world.gateway.key, **({} if declared is None else {"Content-Type": declared})}
    answer = await world.post(BODY, headers=headers)
    assert answer.status == 415
    assert answer.is_problem()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "gzip, gzip", "zzz"])
async def test_compressed_body_is_415_and_never_inflated(world: World, encoding: str) -> None:
    headers = {"X-API-Key": world.gateway.key, **JSON, "Content-Encoding": encoding}
    check(await world.post(gzip.compress(b" " * 10_000_000), headers=headers), 415, "unsupported_encoding")


async def test_body_of_256_kib_is_read_and_one_byte_more_is_413(world: World) -> None:
    limit = 256 * 1024
    check(await world.post(b"{" + b" " * (limit - 2) + b"}"), 422, "invalid_input")
    check(await world.post(b"{" + b" " * (limit - 1) + b"}"), 413, "body_too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b"NaN",
        b'{"total": Infinity}',
        b"\x00",
        b'{"platform": "<script>alert(1)</script>',
    ],
)
async def test_what_is_not_json_is_400_and_not_echoed(world: World, body: bytes) -> None:
    answer = await world.post(body)
    check(answer, 400, "malformed_json")
    assert b"script" not in answer.body


async def test_every_fault_of_an_order_is_a_422_with_its_pointer(world: World) -> None:
    wrong = {"platform": "<b>\u0000", "orderNumber": 5, "total": "2.950,00", "items": [{"name": "x", "price": "1e3"}]}
    answer = await world.post(json.dumps(wrong).encode())
    check(answer, 422, "invalid_input")
    errors = answer.document["errors"]
    assert {error["pointer"] for error in errors} == {
        "/platform",
        "/orderNumber",
        "/orderStatus",
        "/total",
        "/items/0/price",
    }
    assert b"<b>" not in answer.body
    assert b"2.950,00" not in answer.body


async def test_strict_refuses_unknown_fields_and_is_itself_checked(world: World) -> None:
    body = json.dumps({**SEED, "paymentstatus": "paid"}).encode()
    headers = {"X-API-Key": world.gateway.key, **JSON}
    answer = await world.gateway.ask("POST", "/api/v1/orders?strict=true", body, headers)
    check(answer, 422, "invalid_input")
    assert "paymentStatus" in answer.document["errors"][0]["message"]
    answer = await world.gateway.ask("POST", "/api/v1/orders?strict=maybe", body, headers)
    check(answer, 422, "invalid_parameter")


async def test_idempotency_key_in_another_form_is_refused(world: World) -> None:
    for value in ("x" * 256, '""', '"open'):
        answer = await world.post(BODY, headers={"X-API-Key": world.gateway.key, **JSON, "Idempotency-Key": value})
        check(answer, 400, "invalid_idempotency_key")


async def test_refusals_carry_an_id_and_are_never_cached(world: World) -> None:
    answer = await world.post(b"{")
    assert answer.headers["X-Request-Id"] == answer.document["requestId"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.document["type"].startswith("urn:")
