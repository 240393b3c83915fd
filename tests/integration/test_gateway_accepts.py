"""POST /api/v1/orders over real HTTP and a real broker: what is accepted, and when it is answered."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from services.console.accounts import Accounts
from services.gateway.examples import NEW_INVOICE
from services.worker.app import graph as worker_graph
from services.worker.settings import fill as fill_worker
from shared.database import Database
from shared.keys import SCOPES
from shared.topology import Names
from shared.versions import moment_of
from tests.gateways import SEED, Answer, Client, running_gateway
from tests.polling import eventually
from tests.queues import channel_to, take_submissions
from tests.running import running
from tests.settings import settings_of
from tests.tenant import Tenant


@pytest.fixture
async def gateway(database_url: str, amqp_url: str, amqp_prefix: str, account: Tenant) -> AsyncIterator[Client]:
    async with running_gateway(
        account.live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix
    ) as client:
        yield client


@pytest.fixture
async def worker(gateway: Client, database_url: str, amqp_url: str, amqp_prefix: str) -> AsyncIterator[None]:
    # After the gateway, so that it stops first: it publishes its answers to the gateway's queue.
    settings = settings_of(fill_worker, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix)
    async with running(worker_graph(settings)):
        yield


async def test_accepted_order_is_answered_as_accepted_and_stands_in_the_queue(
    gateway: Client, amqp_url: str, amqp_prefix: str, account: Tenant
) -> None:
    answer = await gateway.post({**NEW_INVOICE, "paymentstatus": "paid"})
    assert answer.status == 202
    document = answer.document
    assert set(document) == {"success", "order", "receipt", "warnings"}
    assert document["success"] is True
    assert document["order"]["total"] == "2950.00"
    assert document["order"]["items"][1] == {"name": "Bouwtechnisch advies", "quantity": "3", "price": "150.00"}
    assert [warning["pointer"] for warning in document["warnings"]] == ["/paymentstatus"]
    receipt = document["receipt"]
    assert answer.headers["Location"] == f"/api/v1/receipts/{receipt['id']}"
    assert receipt["state"] == "queued"
    async with channel_to(amqp_url) as channel:
        [stored] = await take_submissions(channel, Names(amqp_prefix).submissions)
    assert str(stored.id) == receipt["id"]
    assert str(stored.version) == receipt["version"]
    assert str(stored.order_id) == document["order"]["id"]
    assert (stored.account, stored.live, stored.key) == (account.id, True, account.live.id)
    assert stored.content.sets["customerName"] == "Architectenbureau De Groot"


async def test_both_headers_carry_a_key_and_may_carry_the_same_one(gateway: Client, account: Tenant) -> None:
    body = b'{"platform": "custom", "orderNumber": "1", "orderStatus": "processing"}'
    key, kind = account.live.key, {"Content-Type": "application/json"}
    for headers in (
        {"X-API-Key": key},
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"bearer {key}"},
        {"X-API-Key": key, "Authorization": f"Bearer {key}"},
    ):
        answer = await gateway.ask("POST", "/api/v1/orders", body, {**kind, **headers})
        assert answer.status == 202, headers


async def test_versions_of_one_gateway_increase_and_occurred_at_is_a_version(
    gateway: Client, amqp_url: str, amqp_prefix: str
) -> None:
    answers = [await gateway.post(SEED) for _ in range(5)]
    versions = [int(answer.document["receipt"]["version"]) for answer in answers]
    assert versions == sorted(set(versions))
    past = await gateway.post({**SEED, "occurredAt": "2026-01-01T00:00:00Z"})
    again = await gateway.post({**SEED, "occurredAt": "2026-01-01T01:00:00+01:00"})
    assert past.document["receipt"]["version"] == again.document["receipt"]["version"]
    assert int(past.document["receipt"]["version"]) < versions[0]


async def test_versions_are_moments_of_postgres_clock_whatever_the_hosts_clock_says(
    gateway: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 0)
    monkeypatch.setattr("time.time", lambda: 0.0)
    version = int((await gateway.post(SEED)).document["receipt"]["version"])
    async with database.transaction() as connection:
        now = await connection.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
    assert abs(moment_of(version) - now) < 10_000_000
    assert 0 < version < 1 << 63


async def test_limit_of_an_account_is_shared_by_its_keys_and_shown_on_every_answer(
    gateway: Client, account: Tenant, accounts: Accounts, database: Database
) -> None:
    _, other, _ = await accounts.create("Another", SCOPES)
    assert "RateLimit" not in (await gateway.post(SEED)).headers, "none by default"
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE settings SET document = $2::jsonb WHERE account_id = $1",
            account.id,
            '{"rateLimit": {"requestsPerSecond": 0.01, "burst": 4}}',
        )

    async def limited() -> Answer | None:
        answer = await gateway.post({}, X_API_Key=account.test.key)
        return answer if "RateLimit" in answer.headers else None

    refused = await eventually(limited, what="the limit is known")
    assert refused is not None
    assert (refused.status, refused.headers["RateLimit"]) == (422, '"default";r=3;t=100')
    assert refused.headers["RateLimit-Policy"] == '"default";q=4;w=400'
    answers = [await gateway.post(SEED, X_API_Key=key) for key in [account.live.key, account.test.key] * 2]
    assert [answer.status for answer in answers] == [202, 202, 202, 429]
    assert answers[-1].is_problem()
    assert answers[-1].document["code"] == "rate_limited"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 100
    assert all("RateLimit" in answer.headers and "RateLimit-Policy" in answer.headers for answer in answers)
    assert {answer.headers["Server"] for answer in answers} == {"bugalou"}
    assert (await gateway.post(SEED, X_API_Key=other.key)).status == 202


async def test_live_and_test_keys_write_two_orders(gateway: Client, account: Tenant) -> None:
    live = await gateway.post(SEED)
    test = await gateway.post(SEED, X_API_Key=account.test.key)
    assert live.document["order"]["id"] != test.document["order"]["id"]


async def test_burst_travels_in_fewer_messages_and_every_request_has_its_own_receipt(
    gateway: Client, amqp_url: str, amqp_prefix: str
) -> None:
    answers = await asyncio.gather(*(gateway.post({**SEED, "orderNumber": f"INV-{number}"}) for number in range(300)))
    assert {answer.status for answer in answers} == {202}
    receipts = {answer.document["receipt"]["id"] for answer in answers}
    async with channel_to(amqp_url) as channel:
        queue = await channel.declare_queue(Names(amqp_prefix).submissions, passive=True)
        messages = queue.declaration_result.message_count or 0
        stored = await take_submissions(channel, Names(amqp_prefix).submissions)
    assert len(receipts) == 300
    assert {str(one.id) for one in stored} == receipts
    assert 0 < messages < 300


async def test_same_idempotency_key_and_body_has_one_receipt_and_another_body_another(gateway: Client) -> None:
    first = await gateway.post(NEW_INVOICE, Idempotency_Key="abc")
    again = await gateway.post(dict(reversed(NEW_INVOICE.items())), Idempotency_Key='"abc"')
    other_body = await gateway.post({**NEW_INVOICE, "total": "1.00"}, Idempotency_Key="abc")
    other_key = await gateway.post(NEW_INVOICE, Idempotency_Key="abd")
    ids = [answer.document["receipt"]["id"] for answer in (first, again, other_body, other_key)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


async def test_same_key_of_a_test_and_a_live_world_are_two(gateway: Client, account: Tenant) -> None:
    live = await gateway.post(NEW_INVOICE, Idempotency_Key="abc")
    test = await gateway.post(NEW_INVOICE, Idempotency_Key="abc", X_API_Key=account.test.key)
    assert live.document["receipt"]["id"] != test.document["receipt"]["id"]


@pytest.mark.usefixtures("worker")
async def test_one_who_waits_gets_201_and_then_200_with_the_merged_order(gateway: Client) -> None:
    created = await gateway.post(NEW_INVOICE, Prefer="wait=20")
    assert created.status == 201
    assert created.headers["Preference-Applied"] == "wait=20"
    assert created.document["receipt"]["state"] == "applied"
    paid = {**SEED, "orderStatus": "delivered", "paymentStatus": "paid", "amountPaid": "2950.00"}
    updated = await gateway.post(paid, Prefer="wait=600")
    assert updated.status == 200
    assert updated.headers["Preference-Applied"] == "wait=30"
    order = updated.document["order"]
    assert (order["paymentStatus"], order["customerName"], order["amountDue"]) == (
        "paid",
        "Architectenbureau De Groot",
        "0.00",
    )
    assert order["version"] == updated.document["receipt"]["version"]


@pytest.mark.usefixtures("worker")
async def test_one_who_waits_is_told_of_a_retry_and_of_a_key_used_before(gateway: Client, database: Database) -> None:
    first = await gateway.post(NEW_INVOICE, Prefer="wait=20")
    retry = await gateway.post(NEW_INVOICE, Prefer="wait=20")
    assert retry.status == 200
    assert retry.document["receipt"]["state"] == "duplicate"
    assert retry.document["receipt"]["duplicateOf"] == first.document["receipt"]["id"]
    keyed = await gateway.post({**NEW_INVOICE, "total": "1.00"}, Prefer="wait=20", Idempotency_Key="abc")
    other = await gateway.post({**NEW_INVOICE, "total": "2.00"}, Prefer="wait=20", Idempotency_Key="abc")
    same = await gateway.post({**NEW_INVOICE, "total": "1.00"}, Prefer="wait=20", Idempotency_Key="abc")
    assert (keyed.status, other.status, same.status) == (200, 422, 200)
    assert other.is_problem()
    assert other.document["code"] == "idempotency_key_reused"
    assert same.document["receipt"]["id"] == keyed.document["receipt"]["id"]
    async with database.transaction() as connection:
        assert await connection.fetchval("SELECT total::text FROM orders") == "1"


async def test_one_who_waits_in_vain_gets_202(gateway: Client) -> None:
    answer = await gateway.post(NEW_INVOICE, Prefer="wait=1")
    assert answer.status == 202
    assert answer.headers["Preference-Applied"] == "wait=1"
    assert UUID(answer.document["receipt"]["id"])
