"""The worker's transaction on real Postgres, case by case: once each, whole or not at all, and told to who waits."""

import asyncio
from uuid import UUID, uuid4

import msgspec
import pytest

from services.worker.store import Store
from shared.contracts import Submission
from shared.database import Database
from shared.errors import DataError
from tests.stored_orders import check_rows, stored_states, told
from tests.submissions import submission

# --- the same, one case at a time


async def state_of(database: Database, one: Submission) -> tuple[str, UUID | None]:
    async with database.transaction() as connection:
        row = await connection.fetchrow("SELECT state, duplicate_of FROM submissions WHERE id = $1", one.id)
    assert row is not None
    return row["state"], row["duplicate_of"]


async def types_told(database: Database, *history: Submission) -> list[str]:
    events = await told(database, history)
    return sorted(event.type for some in events.values() for event in some if event.type != "order.updated")


async def test_pending_paid_refunded_shows_paid_once_in_all_six_orders_of_arrival(database: Database) -> None:
    for first, second, third in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]:
        account = uuid4()
        history = [
            submission(minutes=minutes, account=account, paymentStatus=status)
            for minutes, status in enumerate(["pending", "paid", "refunded"])
        ]
        for index in (first, second, third):
            await Store(database).settle([history[index]])
        assert await types_told(database, *history) == ["order.created", "payment.paid", "payment.refunded"]


async def test_redelivered_batch_is_stored_once_and_tells_nothing_again(database: Database) -> None:
    batch = [submission(paymentStatus="pending"), submission(minutes=1, paymentStatus="paid")]
    for _ in range(3):
        await Store(database).settle(batch)
    await check_rows(database, batch)
    assert await types_told(database, *batch) == ["order.created", "payment.paid"]


async def test_same_batch_in_two_workers_at_once_is_stored_once(database: Database) -> None:
    batch = [submission(f"INV-{number}", paymentStatus="paid") for number in range(50)]
    await asyncio.gather(*(Store(database).settle(batch) for _ in range(3)))
    await check_rows(database, batch)
    assert await types_told(database, *batch) == ["order.created"] * 50 + ["payment.paid"] * 50


async def test_late_retry_is_a_duplicate_of_the_first_and_undoes_nothing(database: Database) -> None:
    pending = submission(minutes=0, paymentStatus="pending")
    paid = submission(minutes=1, paymentStatus="paid")
    retry = submission(minutes=9, paymentStatus="pending")
    for one in (pending, paid, retry):
        await Store(database).settle([one])
    assert await state_of(database, retry) == ("duplicate", pending.id)
    assert (await stored_states(database, [paid]))[paid.order_id].fields["paymentStatus"] == "paid"


async def test_receipts_tell_applied_stale_and_duplicate(database: Database) -> None:
    new = submission(minutes=5, paymentStatus="paid", customerName="De Groot")
    stale = submission(minutes=1, paymentStatus="pending")
    filling = submission(minutes=2, paymentStatus="pending", currency="EUR")
    twin = msgspec.structs.replace(new, id=uuid4())
    for one in (new, stale, filling, twin):
        await Store(database).settle([one])
    assert await state_of(database, new) == ("applied", None)
    assert await state_of(database, stale) == ("stale", None)
    assert await state_of(database, filling) == ("applied", None)
    assert await state_of(database, twin) == ("duplicate", new.id), "of two equal ones the one stored second"


async def test_same_key_and_body_counts_once_at_the_lowest_version(database: Database) -> None:
    key = b"k" * 16
    first = submission(minutes=5, paymentStatus="paid", idempotency=key)
    lower = msgspec.structs.replace(first, version=submission(minutes=1).version)
    between = submission(minutes=3, paymentStatus="pending")
    higher = msgspec.structs.replace(first, version=submission(minutes=9).version)
    for one in (first, between, higher, lower):
        await Store(database).settle([one])
    await check_rows(database, [first, between, higher, lower])
    assert (await stored_states(database, [first]))[first.order_id].fields["paymentStatus"] == "pending"


async def test_same_key_with_another_body_is_rejected_and_the_lower_version_stands(database: Database) -> None:
    for reverse in (False, True):
        account, key = uuid4(), uuid4().bytes
        lower = submission(minutes=1, account=account, customerName="De Groot", idempotency=key)
        higher = submission(minutes=2, account=account, customerName="De Klein", idempotency=key)
        for one in (higher, lower) if reverse else (lower, higher):
            await Store(database).settle([one])
        assert await state_of(database, lower) == ("applied", None)
        assert await state_of(database, higher) == ("rejected", None)
        assert (await stored_states(database, [lower]))[lower.order_id].fields["customerName"] == "De Groot"


async def test_key_is_kept_for_seven_days_and_is_free_again_afterwards(database: Database) -> None:
    key = uuid4().bytes
    first = submission(minutes=1, idempotency=key, customerName="De Groot")
    await Store(database).settle([first])
    async with database.transaction() as connection:
        assert await connection.fetchval("SELECT expires_at >= now() + interval '7 days' FROM idempotency_keys")
        await connection.execute("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'")
    again = submission(minutes=2, idempotency=key, customerName="De Klein")
    await Store(database).settle([again])
    assert [await state_of(database, one) for one in (first, again)] == [("applied", None)] * 2


async def test_key_reused_for_another_order_leaves_no_order_behind(database: Database) -> None:
    for reverse in (False, True):
        account, key = uuid4(), uuid4().bytes
        lower = submission("A", minutes=1, account=account, idempotency=key)
        higher = submission("B", minutes=2, account=account, idempotency=key)
        for one in (higher, lower) if reverse else (lower, higher):
            await Store(database).settle([one])
        assert set(await stored_states(database, [lower, higher])) == {lower.order_id}


async def test_same_key_of_another_account_or_world_is_another_key(database: Database) -> None:
    key = b"s" * 16
    all_of_them = [
        submission(account=UUID(int=1), idempotency=key),
        submission(account=UUID(int=2), idempotency=key),
        submission(account=UUID(int=1), live=False, idempotency=key),
    ]
    await Store(database).settle(all_of_them)
    assert {(await state_of(database, one))[0] for one in all_of_them} == {"applied"}


async def test_live_and_test_orders_of_one_number_are_two_orders(database: Database) -> None:
    live, test = submission(customerName="live"), submission(live=False, customerName="test")
    await Store(database).settle([live, test])
    assert len(await stored_states(database, [live, test])) == 2


async def test_failed_transaction_leaves_nothing(database: Database) -> None:
    good = submission("A", paymentStatus="paid")
    bad = submission("B", customerName="a\0b")
    with pytest.raises(DataError):
        await Store(database).settle([good, bad])
    assert await stored_states(database, [good, bad]) == {}
    assert await types_told(database, good, bad) == []


async def test_one_who_waits_is_told_the_order_the_state_and_whether_it_is_new(database: Database) -> None:
    first = submission(wait=True, total="2950", currency="EUR")
    silent = submission("other")
    [answer] = await Store(database).settle([first, silent])
    assert (answer.id, answer.state, answer.created) == (first.id, "applied", True)
    assert answer.order is not None
    assert answer.order["total"] == "2950.00"
    second = submission(minutes=1, wait=True, paymentStatus="paid")
    [answer] = await Store(database).settle([second])
    assert (answer.created, answer.order is not None and answer.order["paymentStatus"]) == (False, "paid")
    [again] = await Store(database).settle([second])
    assert (again.id, again.state, again.created) == (second.id, "applied", False)


async def test_one_who_waits_for_a_repeated_key_is_told_though_another_copy_counts(database: Database) -> None:
    first = submission("K-1", account=uuid4(), idempotency=b"k" * 16)
    again = msgspec.structs.replace(first, version=first.version + 1, wait=True)
    for batch in ([first, again], [again]):
        (settled,) = await Store(database).settle(batch)
        assert (settled.id, settled.state, settled.version) == (first.id, "applied", first.version)


async def test_brief_answer_leaves_the_order_out_unless_somebody_waits_for_it(database: Database) -> None:
    first = msgspec.structs.replace(submission("B-1", account=uuid4(), idempotency=b"b" * 16), wait=True, brief=True)
    whole = msgspec.structs.replace(first, version=first.version + 1, brief=False)
    (settled,) = await Store(database).settle([first])
    assert (settled.state, settled.order) == ("applied", None)
    for batch in ([first, whole], [whole, first]):
        (settled,) = await Store(database).settle(batch)
        assert settled.order is not None
