"""An order's history, receipts and notifications over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from services.worker.store import Store
from shared.database import Database
from shared.orders.moments import parse_timestamp
from shared.versions import version_at
from tests.consoles import read, read_all
from tests.gateways import Client
from tests.submissions import START, submission
from tests.tenant import Tenant


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


async def test_history_holds_every_submission_in_version_order(console: Client, store: Store, account: Tenant) -> None:
    def make(minutes: float, **sets: Any) -> Any:
        made = submission("1", account=account.id, minutes=minutes, **sets)
        return replace(made, key=account.live.id)

    first = make(0, paymentStatus="pending", total="2950", currency="EUR", metadata={"a": "b"})
    retry = make(5, paymentStatus="pending", total="2950", currency="EUR", metadata={"a": "b"})
    paid = make(30, paymentStatus="paid", amountPaid="2950", clears=("invoiceUrl",))
    stale = make(20, paymentStatus="pending", clears=("invoiceUrl",))
    reused = make(40, total="1", idempotency=b"k" * 16)
    rejected = make(41, total="2", idempotency=b"k" * 16)
    for one in (first, paid, retry, stale, reused, rejected):
        await store.settle([one])
    rows = await read_all(console, "/orders/custom/1/history")
    assert [row["id"] for row in rows] == [str(one.id) for one in (first, retry, stale, paid, reused, rejected)]
    assert [row["state"] for row in rows] == ["applied", "duplicate", "stale", "applied", "applied", "rejected"]
    assert [row["version"] for row in rows] == [
        str(one.version) for one in (first, retry, stale, paid, reused, rejected)
    ]
    assert [row["events"] for row in rows] == [[], [], [], ["payment.paid"], [], []]
    assert rows[1]["duplicateOf"] == str(first.id)
    assert set(rows[0]) == {
        *("id", "version", "state", "duplicateOf", "receivedAt", "occurredAt", "apiKey", "sets", "clears", "events")
    }
    assert rows[0]["sets"] == {
        "orderStatus": "processing",
        "paymentStatus": "pending",
        "total": "2950.00",
        "currency": "EUR",
        "metadata": {"a": "b"},
    }
    assert rows[3]["clears"] == ["invoiceUrl"]
    assert {row["apiKey"] for row in rows} == {"first live key"}
    assert parse_timestamp(rows[0]["receivedAt"]) == START
    assert rows[0]["occurredAt"] is None
    assert await read_all(console, "/orders/custom/1/history", limit=1) == rows
    assert await read_all(console, "/orders/custom/1/history", limit=4) == rows


async def test_history_shows_when_it_became_true_at_the_sender(console: Client, store: Store, account: Tenant) -> None:
    moment = START - 123_456_789
    made = submission("1", account=account.id, version=version_at(moment))
    content = replace(made.content, occurred_at=moment)
    await store.settle([replace(made, content=content, fingerprint=content.fingerprint())])
    (row,) = await read_all(console, "/orders/custom/1/history")
    assert parse_timestamp(row["occurredAt"]) == moment
    assert "occurredAt" not in row["sets"]


async def test_order_of_which_all_is_rejected_has_a_history_and_nothing_else(
    console: Client, store: Store, account: Tenant
) -> None:
    await store.settle([submission("kept", account=account.id, idempotency=b"k" * 16)])
    await store.settle([submission("refused", account=account.id, minutes=1, idempotency=b"k" * 16)])
    assert [row["state"] for row in await read_all(console, "/orders/custom/refused/history")] == ["rejected"]
    assert (await console.get("/api/v1/orders/custom/refused")).status == 404
    assert await read_all(console, "/orders/custom/refused/notifications") == []


async def test_history_and_notifications_of_no_order_are_not_found(console: Client, account: Tenant) -> None:
    for noun in ("history", "notifications"):
        answer = await console.get(f"/api/v1/orders/custom/none/{noun}")
        assert (answer.status, answer.document["code"]) == (404, "order_not_found")
        wrong = await console.get(f"/api/v1/orders/custom/none/{noun}?limit=0&sort=version")
        assert wrong.status == 422


async def test_receipt_says_where_a_submission_stands(console: Client, store: Store, account: Tenant) -> None:
    first = submission("1", account=account.id, paymentStatus="paid")
    retry = submission("1", account=account.id, minutes=3, paymentStatus="paid")
    await store.settle([first])
    await store.settle([retry])
    receipt = (await read(console, f"/receipts/{retry.id}"))["receipt"]
    assert receipt["state"] == "duplicate"
    assert receipt["duplicateOf"] == str(first.id)
    assert receipt["order"] == {"id": str(first.order_id), "platform": "custom", "orderNumber": "1"}
    for unknown in (uuid4(), "nonsense", "%00"):
        answer = await console.get(f"/api/v1/receipts/{unknown}")
        assert (answer.status, answer.document["code"]) == (404, "receipt_not_found")
        assert answer.headers["Retry-After"] == "1"
    assert (await console.get(f"/api/v1/receipts/{first.id}", account.test.key)).status == 404


_ADD = """
INSERT INTO notifications (id, account_id, livemode, order_id, kind, event_type, run_id, step, channel, state, reason,
    recipient, due_at, sent_at)
VALUES ($1, $2, true, $3, $4, 'payment.paid', $5, $6::smallint, 'email', $7, $8, $9,
    timestamptz '2026-11-22T09:00:00Z' + $6::smallint * interval '1 hour',
    CASE WHEN $7 = 'sent' THEN timestamptz '2026-11-22T12:00:00.5Z' END)
"""


async def test_notifications_stand_in_the_order_in_which_they_fall_due(
    console: Client, store: Store, database: Database, account: Tenant
) -> None:
    order = submission("1", account=account.id)
    await store.settle([order])
    later, sooner = uuid4(), uuid4()
    async with database.transaction() as connection:
        run = UUID(int=1)
        await connection.execute(
            _ADD, later, account.id, order.order_id, "reminder", run, 2, "held", "quiet_hours", None
        )
        await connection.execute(
            _ADD, sooner, account.id, order.order_id, "reminder", run, 1, "sent", None, "klant@bedrijf.nl"
        )
    rows = await read_all(console, "/orders/custom/1/notifications", limit=1)
    assert rows == [
        {
            "id": str(sooner),
            "kind": "reminder",
            "step": 1,
            "channel": "email",
            "state": "sent",
            "reason": None,
            "to": "klant@bedrijf.nl",
            "dueAt": "2026-11-22T10:00:00.000000Z",
            "sentAt": "2026-11-22T12:00:00.500000Z",
            "sentWith": None,
        },
        {
            "id": str(later),
            "kind": "reminder",
            "step": 2,
            "channel": "email",
            "state": "held",
            "reason": "quiet_hours",
            "to": None,
            "dueAt": "2026-11-22T11:00:00.000000Z",
            "sentAt": None,
            "sentWith": None,
        },
    ]
    assert await read_all(console, "/orders/custom/1/notifications") == rows
    assert (await console.get("/api/v1/orders/custom/1/notifications", account.test.key)).status == 404
