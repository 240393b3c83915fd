"""The worker's transaction on real Postgres: whatever the arrival, the rows and the events that the pure fold gives."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.worker.merge import entry_of
from services.worker.orders import lock_orders
from services.worker.store import Store
from shared.contracts import Event, Submission
from shared.database import Database
from shared.errors import DataError
from shared.fold import MARKED_EVENTS, Folded, Mark, State, fold
from tests.submissions import submission

SAME_DATABASE = settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Step(msgspec.Struct, frozen=True):
    """One submission of a history, before it has an order and an id."""

    minutes: float
    status: str
    payment: str | None
    amount: str | None
    name: str | None
    clears_name: bool
    key: int | None


STEPS = st.builds(
    Step,
    minutes=st.sampled_from([0, 0, 1, 2, 5, 9, 10, 11, 25]),
    status=st.sampled_from(["processing", "processing", "delivered", "cancelled"]),
    payment=st.sampled_from([None, "pending", "paid", "paid", "overdue", "refunded"]),
    amount=st.sampled_from([None, None, "100", "50.5", "2950"]),
    name=st.sampled_from([None, None, "De Groot", "Zoë"]),
    clears_name=st.booleans(),
    key=st.none(),
)
HISTORIES = st.lists(STEPS, min_size=1, max_size=8)


class Arrival(msgspec.Struct, frozen=True):
    """How a history arrives: in which order, cut into which batches, which batches twice, by how many workers."""

    random: Any

    def batches(self, history: Sequence[Submission]) -> list[list[Submission]]:
        shuffled = list(history)
        self.random.shuffle(shuffled)
        batches = []
        while shuffled:
            count = self.random.randint(1, len(shuffled))
            batches.append(shuffled[:count])
            del shuffled[:count]
        batches += [list(batch) for batch in batches if self.random.random() < 0.4]
        self.random.shuffle(batches)
        return batches


def history_of(steps: Sequence[Step], random: Any, *, orders: int, distinct: bool) -> list[Submission]:
    """Submissions of a new account; where `distinct`, no two have the same content, so none is a client's retry."""
    account, made = uuid4(), []
    for index, step in enumerate(steps):
        sets: dict[str, Any] = {"paymentStatus": step.payment, "amountPaid": step.amount}
        if not step.clears_name:
            sets["customerName"] = step.name
        if distinct:
            sets["paymentMethod"] = f"method {index}"
        made.append(
            submission(
                f"INV-{index % orders}",
                minutes=step.minutes,
                account=account,
                status=step.status,
                clears=("customerName",) if step.clears_name else (),
                idempotency=None if step.key is None else sha256(f"{account} {step.key}".encode()).digest()[:16],
                id=id_of(random.getrandbits(16), account, index),
                **{name: value for name, value in sets.items() if value is not None},
            )
        )
    return made


def id_of(rank: int, account: UUID, index: int) -> UUID:
    """An id that no other example has, and whose place among others hypothesis chooses: it decides ties."""
    return UUID(int=rank << 112 | (account.int & (1 << 96) - 1) << 16 | index)


async def race(database: Database, batches: Sequence[Sequence[Submission]], workers: int) -> None:
    """Settle batches in several workers at once, each taking the next as it is free."""
    waiting = list(reversed(batches))

    async def work() -> None:
        store = Store(database)
        while waiting:
            await store.settle(waiting.pop())

    await asyncio.gather(*(work() for _ in range(workers)))


def expected(history: Sequence[Submission]) -> dict[UUID, Folded]:
    """What the rules make of all orders of a history."""
    counted = counted_of(history)
    orders = {one.order_id for one in counted}
    return {order: fold(entry_of(one, 0) for one in counted if one.order_id == order) for order in orders}


def counted_of(history: Sequence[Submission]) -> list[Submission]:
    """Each submission once, at its lowest version; of those with one key the lowest."""
    lowest: dict[UUID, Submission] = {}
    for one in history:
        if one.id not in lowest or one.version < lowest[one.id].version:
            lowest[one.id] = one
    holders: dict[bytes, Submission] = {}
    for one in lowest.values():
        if one.idempotency is not None:
            other = holders.setdefault(one.idempotency, one)
            if (one.version, one.id.bytes) < (other.version, other.id.bytes):
                holders[one.idempotency] = one
    return [one for one in lowest.values() if one.idempotency is None or holders[one.idempotency] is one]


async def stored_states(database: Database, history: Sequence[Submission]) -> dict[UUID, State]:
    async with database.transaction() as connection:
        rows = await lock_orders(connection, sorted({one.order_id for one in history}))
    return {order_id: without_clock(stored.state) for order_id, stored in rows.items()}


def without_clock(state: State) -> State:
    """The moment of storing is the only thing of a row that is not in its history."""
    return msgspec.structs.replace(state, updated_at=0)


async def told(database: Database, history: Sequence[Submission]) -> dict[UUID, list[Event]]:
    async with database.transaction() as connection:
        rows = await connection.fetch(
            "SELECT order_id, body FROM outbox WHERE order_id = ANY($1::uuid[])", [one.order_id for one in history]
        )
    events: dict[UUID, list[Event]] = {one.order_id: [] for one in history}
    for row in rows:
        events[row["order_id"]].append(msgspec.json.decode(row["body"], type=Event))
    return events


async def check_rows(database: Database, history: Sequence[Submission]) -> dict[UUID, Folded]:
    """Check rows and history; return what the rules say."""
    wanted = expected(history)
    assert await stored_states(database, history) == {
        order_id: without_clock(folded.state) for order_id, folded in wanted.items()
    }
    async with database.transaction() as connection:
        stored = await connection.fetch(
            "SELECT id, version, state FROM submissions WHERE id = ANY($1::uuid[])", [one.id for one in history]
        )
    assert len(stored) == len({one.id for one in history}), "each submission is stored once"
    counted = {row["id"]: row["version"] for row in stored if row["state"] != "rejected"}
    assert counted == {one.id: one.version for one in counted_of(history)}, "those that count, at their lowest version"
    return wanted


def check_once(events: Sequence[Event], *, orders_created: int = 1) -> Counter[str]:
    """Check that nothing that is told once is told twice; return how often each type was told."""
    once = [event for event in events if event.type != "order.updated"]
    assert len({event.id for event in once}) == len(once), "an id is used for one event alone"
    counts = Counter(event.type for event in events)
    assert counts["order.created"] == orders_created
    return counts


RUN_TYPES = sorted(kind for mark, kind in MARKED_EVENTS.items() if mark is not Mark.PARTIAL)


@SAME_DATABASE
@given(HISTORIES, st.integers(1, 3), st.randoms(use_true_random=False))
async def test_any_arrival_gives_the_rows_and_events_of_the_fold(
    database: Database, steps: list[Step], workers: int, random: Any
) -> None:
    history = history_of(steps, random, orders=1, distinct=True)
    await race(database, Arrival(random).batches(history), workers)
    wanted = await check_rows(database, history)
    for order_id, events in (await told(database, history)).items():
        counts = check_once(events)
        runs = Counter(run.event_type for run in wanted[order_id].runs)
        assert {kind: counts[kind] for kind in RUN_TYPES} == {kind: runs[kind] for kind in RUN_TYPES}
        # What raised the amount when it came may prove later not to be the first to do so: told more, never less.
        assert counts["payment.partial"] >= runs["payment.partial"]


@SAME_DATABASE
@given(HISTORIES, st.integers(1, 3), st.randoms(use_true_random=False))
async def test_any_arrival_of_clients_retries_gives_the_row_of_the_fold_and_leaves_nothing_untold(
    database: Database, steps: list[Step], workers: int, random: Any
) -> None:
    history = history_of(steps, random, orders=1, distinct=False)
    await race(database, Arrival(random).batches(history), workers)
    wanted = await check_rows(database, history)
    for order_id, events in (await told(database, history)).items():
        counts = check_once(events)
        runs = Counter(run.event_type for run in wanted[order_id].runs)
        assert all(counts[kind] >= number for kind, number in runs.items())


@SAME_DATABASE
@given(st.lists(STEPS, min_size=4, max_size=14), st.integers(2, 4), st.randoms(use_true_random=False))
async def test_workers_that_race_for_several_orders_neither_deadlock_nor_lose_anything(
    database: Database, steps: list[Step], workers: int, random: Any
) -> None:
    # No retry is made for DatabaseUnavailable: a deadlock would fail this test.
    history = history_of(steps, random, orders=3, distinct=True)
    await race(database, Arrival(random).batches(history), workers)
    await check_rows(database, history)


KEYED_STEPS = st.lists(
    st.tuples(STEPS, st.sampled_from([None, 1, 1, 2])).map(lambda pair: msgspec.structs.replace(pair[0], key=pair[1])),
    min_size=2,
    max_size=7,
)


@SAME_DATABASE
@given(KEYED_STEPS, st.integers(1, 3), st.randoms(use_true_random=False))
async def test_of_one_idempotency_key_the_lowest_version_stands_whatever_the_arrival(
    database: Database, steps: list[Step], workers: int, random: Any
) -> None:
    history = history_of(steps, random, orders=2, distinct=True)
    # The same request again, sent earlier or later: the same id under another version.
    copies = [
        msgspec.structs.replace(one, version=one.version + random.choice([-1, 1]) * random.randint(0, 5 << 31))
        for one in history
        if one.idempotency is not None and random.random() < 0.5
    ]
    everything = [*history, *copies]
    await race(database, Arrival(random).batches(everything), workers)
    await check_rows(database, everything)
    for events in (await told(database, everything)).values():
        # One that was rejected and then stands after all may be told of twice, under the same id.
        assert len({event.id for event in events}) == len({(event.id, event.type) for event in events})


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
