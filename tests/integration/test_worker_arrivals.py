"""Whatever the arrival, rows and events are those of the pure fold: histories drawn at random, on real Postgres."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.worker.store import Store
from shared.contracts import Event, Submission
from shared.database import Database
from shared.fold import MARKED_EVENTS, Mark
from tests.stored_orders import check_rows, told
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
