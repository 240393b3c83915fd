"""DELETE /api/v1/customers/{email}: the person is gone from everywhere, the amounts stay, and the fold agrees."""

import asyncio
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from services.console.accounts import Accounts
from services.relay.store import Outbox
from services.relay.unconfirmed import Unconfirmed
from services.worker.failures import Failures
from services.worker.rebuild import Rebuilder
from services.worker.store import Store
from shared.contracts import SubmissionBatch
from shared.database import Database
from shared.keys import SCOPES
from tests.consoles import known, read, read_all, running_console
from tests.gateways import Answer, Client
from tests.polling import eventually
from tests.submissions import submission
from tests.tenant import Tenant

PERSON: dict[str, Any] = {
    "customerEmail": "Anna.Jansen@Example.com",
    "customerName": "Anna Jansen",
    "customerPhone": "+31612345678",
}
TRACES = ("anna.jansen", "anna jansen", "31612345678")


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


async def erase(console: Client, email: str, key: str | None = None) -> Answer:
    headers = {"X-API-Key": key or console.key}
    return await console.ask("DELETE", f"/api/v1/customers/{quote(email, safe='')}", headers=headers)


async def dump(database: Database) -> dict[str, str]:
    """All rows of all tables, as text; what is binary as its text too."""
    found = {}
    async with database.transaction() as connection:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables:
            rows = await connection.fetch(f'SELECT * FROM "{table}"')
            found[table] = "\n".join(_text(value) for row in rows for value in row.values()).lower()
    return found


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


async def whoever_names(database: Database, *traces: str) -> set[str]:
    return {table for table, text in (await dump(database)).items() if any(trace in text for trace in traces)}


async def differing(database: Database) -> list[UUID]:
    return [
        order for progress in [p async for p in Rebuilder(database).run(mend=False)] for order in progress.differing
    ]


async def notify(database: Database, order: Any, recipient: str) -> None:
    notification = uuid4()
    async with database.transaction() as connection:
        await connection.execute(
            """INSERT INTO notifications (id, account_id, livemode, order_id, kind, event_type, run_id, channel, state,
                reason, recipient, subject, text_body, html_body, due_at)
            VALUES ($1, $2, $3, $4, 'confirmation', 'payment.paid', $5, 'email', 'failed',
                '550 no such user <' || $6 || '>', $6, 'Dag ' || $6, $6, $6, now())""",
            notification, order.account, order.live, order.order_id, order.id, recipient,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO attempts (id, notification_id, account_id, livemode, started_at, outcome, response)"
            " VALUES ($1, $2, $3, $4, now(), 'failed', '550 no such user <' || $5 || '>')",
            uuid4(), notification, order.account, order.live, recipient,
        )  # fmt: skip


async def test_person_is_erased_everywhere_and_amounts_stay(
    console: Client, store: Store, database: Database, account: Tenant
) -> None:
    now = submission("now", account=account.id, total="2950", currency="EUR", paymentStatus="paid", **PERSON)
    once = submission("once", account=account.id, total="10", **PERSON)
    corrected = submission("once", account=account.id, minutes=1, customerEmail="bob@example.com", customerName="Bob")
    holder = submission("other", account=account.id, idempotency=b"k" * 16, customerEmail="bob@example.com")
    rejected = submission("never", account=account.id, minutes=1, idempotency=b"k" * 16, **PERSON)
    for one in (now, once, corrected, holder, rejected):
        await store.settle([one])
    for order in (now, once):
        await notify(database, order, PERSON["customerEmail"])
    aside = submission("aside", account=account.id, total="1", **PERSON)
    body = msgspec.msgpack.encode(SubmissionBatch([aside]))
    await Failures(database).add(cause="x", reason="no value: Anna Jansen", body=body, submission=aside)
    async with database.transaction() as connection:
        await connection.execute("UPDATE failures SET mended = body")
    naming = {"orders", "submissions", "outbox", "notifications", "attempts", "failures"}
    assert naming <= await whoever_names(database, *TRACES)
    before = {row["orderNumber"]: row for row in await read_all(console, "/orders")}

    answer = await erase(console, "anna.jansen@EXAMPLE.com")

    assert (answer.status, answer.body) == (204, b"")
    assert await whoever_names(database, *TRACES) == set()
    after = {row["orderNumber"]: row for row in await read_all(console, "/orders")}
    gone = {"customerEmail": None, "customerName": None, "customerPhone": None}
    assert after == {
        "now": {**before["now"], **gone},
        "once": {**before["once"], **gone},
        "other": before["other"],
    }
    assert await differing(database) == []
    history = await read_all(console, "/orders/custom/now/history")
    assert history[0]["sets"] == {
        "orderStatus": "processing",
        "total": "2950.00",
        "currency": "EUR",
        "paymentStatus": "paid",
    }
    assert history[0]["clears"] == ["customerEmail", "customerName", "customerPhone"]
    events = await outbox(database)
    assert {
        event["data"]["order"]["customerName"] for event in events if event["data"]["order"]["orderNumber"] == "now"
    } == {None}
    assert {event["data"]["order"]["total"] for event in events if event["data"]["order"]["orderNumber"] == "now"} == {
        "2950.00"
    }
    assert (await erase(console, "anna.jansen@example.com")).status == 404


async def test_replay_that_had_read_the_person_before_brings_nobody_back(
    console: Client, store: Store, database: Database, account: Tenant
) -> None:
    await store.settle([submission("now", account=account.id, total="1", **PERSON)])
    failures = Failures(database)
    aside = submission("aside", account=account.id, total="1", **PERSON)
    body = msgspec.msgpack.encode(SubmissionBatch([aside]))
    await failures.add(cause="x", reason="no value: Anna Jansen", body=body, submission=aside)
    async with database.transaction() as connection:
        await connection.execute("UPDATE failures SET replay_requested_at = now()")
    begun = await failures.claim_replay(60)
    assert begun is not None

    assert (await erase(console, PERSON["customerEmail"])).status == 204
    # It fails again, as a submission that is set aside or as a replay that is given up.
    await failures.add(cause="y", reason="no value: Anna Jansen", body=begun.body, submission=aside)
    await failures.fail_replay(begun.id, cause="y", reason="no value: Anna Jansen")
    assert await whoever_names(database, *TRACES) == set()

    # It is made again, with what is left, and tells why it fails.
    again = await failures.claim_replay(60)
    assert again is not None
    assert again.id == begun.id
    await failures.add(cause="z", reason="no number", body=again.body, submission=aside)
    async with database.transaction() as connection:
        assert await connection.fetchval("SELECT reason FROM failures") == "no number"


async def test_event_that_is_published_again_brings_nobody_back(
    console: Client, store: Store, database: Database, account: Tenant
) -> None:
    await store.settle([submission("now", account=account.id, total="1", **PERSON)])
    outgoing = Outbox(database)
    async with outgoing.claim(10) as batch:
        batch.unconfirmed.extend(event.id for event in batch.events)

    assert (await erase(console, PERSON["customerEmail"])).status == 204

    async with database.transaction() as connection:
        await connection.execute("UPDATE unconfirmed_events SET due_at = now()")
    async with Unconfirmed(database).claim(10) as again:
        bodies = [event.body.decode().lower() for event in again.events]
    assert bodies
    assert [body for body in bodies if any(trace in body for trace in TRACES)] == []


async def outbox(database: Database) -> list[Any]:
    async with database.transaction() as connection:
        return [msgspec.json.decode(row["body"]) for row in await connection.fetch("SELECT body FROM outbox")]


async def test_late_submission_that_is_older_brings_no_name_back(
    console: Client, store: Store, database: Database, account: Tenant
) -> None:
    await store.settle([submission("1", account=account.id, minutes=20, **PERSON)])
    assert (await erase(console, PERSON["customerEmail"])).status == 204
    await store.settle([submission("1", account=account.id, minutes=0, total="7", **PERSON)])
    order = (await read(console, "/orders/custom/1"))["order"]
    assert (order["customerName"], order["customerEmail"], order["total"]) == (None, None, "7.00")
    assert await differing(database) == []


async def test_retry_after_the_erasure_is_still_a_retry(console: Client, store: Store, account: Tenant) -> None:
    await store.settle([submission("1", account=account.id, **PERSON)])
    assert (await erase(console, PERSON["customerEmail"])).status == 204
    await store.settle([submission("1", account=account.id, minutes=5, **PERSON)])
    assert [row["state"] for row in await read_all(console, "/orders/custom/1/history")] == ["applied", "duplicate"]
    assert (await read(console, "/orders/custom/1"))["order"]["customerName"] is None


async def test_others_accounts_and_worlds_are_left_alone(
    console: Client, store: Store, database: Database, account: Tenant, accounts: Accounts
) -> None:
    other, _, _ = await accounts.create("Another", SCOPES)
    await store.settle(
        [
            submission("1", account=account.id, live=False, **PERSON),
            submission("1", account=other, **PERSON),
            submission("1", account=account.id, customerEmail="xanna.jansen@example.com"),
        ]
    )
    assert (await erase(console, PERSON["customerEmail"])).status == 404
    assert len(await read_all(console, "/orders", customerEmail="xanna.jansen@example.com")) == 1
    assert (await erase(console, PERSON["customerEmail"], account.test.key)).status == 204
    async with database.transaction() as connection:
        names = await connection.fetch("SELECT account_id, livemode FROM orders WHERE customer_name = 'Anna Jansen'")
    assert [tuple(row) for row in names] == [(other, True)]


async def test_erasing_takes_admin_for_all_platforms_and_an_address(
    console: Client, accounts: Accounts, account: Tenant
) -> None:
    weak = await accounts.create_key(account.id, live=True, name="weak", scopes=["orders:read", "orders:write"])
    some = await accounts.create_key(account.id, live=True, name="some", scopes=["admin"], platforms=["custom"])
    await known(console, weak.key, some.key)
    assert (await erase(console, "a@example.com", weak.key)).document["code"] == "missing_scope"
    assert (await erase(console, "a@example.com", some.key)).document["code"] == "platform_not_allowed"
    for wrong in ("nobody", "a\0@example.com", "a@b@c", "%", "x" * 300 + "@example.com"):
        answer = await erase(console, wrong)
        assert answer.status == 422, wrong
        assert [error["pointer"] for error in answer.document["errors"]] == ["/email"]
    # Bytes that are no UTF-8 arrive as replacement characters, which nobody's address holds.
    assert (await console.ask("DELETE", "/api/v1/customers/%FF@x.nl", headers={"X-API-Key": console.key})).status == 404


async def test_thousands_of_orders_are_erased_while_workers_go_on(
    console: Client, store: Store, database: Database, account: Tenant
) -> None:
    count = 1200
    await store.settle([submission(f"{number:04}", account=account.id, **PERSON) for number in range(count)])

    async def work(worker: int) -> None:
        for turn in range(6):
            numbers = [(worker * 211 + turn * 97 + step * 7) % count for step in range(100)]
            batch = [
                submission(f"{number:04}", account=account.id, minutes=20 + worker + turn * 4, total=f"{turn}.5")
                for number in set(numbers)
            ]
            await store.settle(batch)

    erasing = asyncio.ensure_future(erase(console, PERSON["customerEmail"]))
    await asyncio.gather(*(work(worker) for worker in range(3)))
    assert (await erasing).status == 204
    assert await whoever_names(database, "anna.jansen", "anna jansen") == set()
    assert await differing(database) == []


async def test_erasure_waits_for_a_worker_that_holds_the_order(
    console: Client, store: Store, database: Database, database_url: str, account: Tenant
) -> None:
    order = submission("1", account=account.id, **PERSON)
    await store.settle([order])
    worker = await asyncpg.connect(database_url)
    try:
        transaction = worker.transaction()
        await transaction.start()
        await worker.execute("SELECT FROM orders WHERE id = $1 FOR UPDATE", order.order_id)
        erasing = asyncio.ensure_future(erase(console, PERSON["customerEmail"]))
        done, _ = await asyncio.wait((erasing,), timeout=0.5)
        assert not done
        # What the worker settles meanwhile is erased as well.
        await worker.execute(
            """INSERT INTO submissions SELECT (jsonb_populate_record(s, jsonb_build_object('id', $2::uuid))).*
            FROM submissions AS s WHERE order_id = $1""",
            order.order_id,
            uuid4(),
        )
        await transaction.commit()
        assert (await erasing).status == 204
        assert "submissions" not in await whoever_names(database, *TRACES)
    finally:
        await worker.close()


async def test_erasure_and_workers_lock_orders_in_the_same_order(
    store: Store, database: Database, database_url: str, account: Tenant
) -> None:
    # Stored against the order of their ids and read as they are stored: a plain UPDATE comes upon the highest first.
    made = [submission(f"{number}", account=account.id, **PERSON) for number in range(6)]
    ordered = sorted(made, key=lambda one: one.order_id)
    for one in reversed(ordered):
        await store.settle([one])
    worker = await asyncpg.connect(database_url)
    try:
        for plan in ("indexscan", "bitmapscan"):
            await worker.execute(f"ALTER DATABASE {urlsplit(database_url).path[1:]} SET enable_{plan} = off")
        async with running_console(account.live.key, database_url=database_url) as console, worker.transaction():
            lock = "SELECT FROM orders WHERE id = $1 FOR UPDATE"
            await worker.execute(lock, ordered[0].order_id)
            erasing = asyncio.ensure_future(erase(console, PERSON["customerEmail"]))

            async def waits() -> bool:
                async with database.transaction() as connection:
                    return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

            await eventually(waits, what="the erasure waits for the lowest")
            await worker.execute(lock, ordered[-1].order_id, timeout=5)
            await worker.execute("COMMIT; BEGIN")
            assert (await erasing).status == 204
    finally:
        await worker.close()
