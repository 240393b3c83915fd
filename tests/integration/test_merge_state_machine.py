"""Workers that race over real Postgres, step by step against the model of the rules, and the cases found on the way.

After each step the history, the rows and the events must be those of some order in which the transactions of that step
may have committed: the workers lock what they read, so there is always one.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from itertools import permutations
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from services.worker.rebuild import Rebuilder
from services.worker.store import Store
from shared.contracts import Event, Submission
from shared.database import Database
from tests.simulation.census import Case, cases_of
from tests.simulation.checks import (
    Discrepancy,
    Stored,
    check_told,
    compare,
    row_of,
)
from tests.simulation.gateways import Gateways
from tests.simulation.memory_store import MemoryStore
from tests.simulation.model import Ledger, order_of, standing_of
from tests.simulation.stored import Contents, read
from tests.submissions import ACCOUNT

T = TypeVar("T")
SEEDS: Final = st.integers(0, 1 << 32)

CONTESTED: Final = 0.25
"""Which part of the posts also contests a key: requests drawn at random seldom do, and then seldom in this order."""

EXPECTED: Final = (
    *(
        Case.DIED_BEFORE_COMMIT,
        Case.DIED_AFTER_COMMIT,
        Case.REDELIVERED,
        Case.LATE_PAID,
        Case.RUN_SPLIT,
        Case.LATE_CLEAR,
    ),
    *(Case.RETRY, Case.RETRY_BETWEEN, Case.RETRY_FOUND_LATER, Case.TIE, Case.TIE_OF_EQUALS, Case.STALE),
    *(Case.KEY_REUSED_LATER, Case.OVERTHROWN, Case.REVIVED, Case.PARTIAL_SUPERSEDED),
)
"""What races and deaths must have met; the rarer cases are the simulator's."""


async def differing(database: Database, account: UUID, *, mend: bool) -> set[UUID]:
    """Fold all histories again; return the orders that were not as their history makes them."""
    pages = Rebuilder(database, page_orders=1).run(account, mend=mend)
    return {id async for progress in pages for id in progress.differing}


class Workers(RuleBasedStateMachine):
    """Clients post, the broker hands over what it likes, workers race and die, operators rebuild."""

    url = ""
    cases: Counter[Case]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.database = Database(self.url, purpose="test", most=4)
        self.run(self._empty())
        self.random = Random(0)
        self.gateways = Gateways(self.random, ACCOUNT)
        self.waiting: list[list[Submission]] = []
        self.delivered: list[list[Submission]] = []
        self.posted: list[Submission] = []
        self.ledger = Ledger()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @rule(count=st.integers(1, 4), seed=SEEDS)
    def post(self, count: int, seed: int) -> None:
        self.random.seed(seed)
        messages = self.gateways.messages(count)
        if self.random.random() < CONTESTED:
            messages += self.gateways.contested_key()
        self.waiting += messages
        self.posted += [one for message in messages for one in message]

    @precondition(lambda self: self.delivered)
    @rule(seed=SEEDS)
    def redeliver(self, seed: int) -> None:
        self.waiting.append(Random(seed).choice(self.delivered))

    @precondition(lambda self: len(self.waiting) > 1)
    @rule(seed=SEEDS)
    def shuffle(self, seed: int) -> None:
        """Other messages, of the same submissions, in another order."""
        random = Random(seed)
        loose = [one for message in self.waiting for one in message]
        random.shuffle(loose)
        self.waiting = []
        while loose:
            count = random.randint(1, min(5, len(loose)))
            self.waiting.append(loose[:count])
            del loose[:count]

    @precondition(lambda self: self.waiting)
    @rule(workers=st.integers(1, 3), twice=st.booleans())
    def settle(self, workers: int, twice: bool) -> None:
        """Several workers at once; `twice` where a message was taken for lost, and another worker has it too."""
        batches = [self.waiting.pop(0) for _ in range(min(workers, len(self.waiting)))]
        self.delivered += batches
        if twice:
            batches.append(batches[0])
        self.run(self._race(batches))

    @precondition(lambda self: self.waiting)
    @rule()
    def die_after_commit(self) -> None:
        """The acknowledgement never leaves: the message stays in the queue."""
        self.run(self._race([self.waiting[0]]))

    @precondition(lambda self: self.waiting)
    @rule(after=st.integers(1, 60))
    def die_in_the_transaction(self, after: int) -> None:
        """A worker is gone after so many turns of its loop, before its commit or just after it."""
        self.run(self._die(self.waiting[0], after))

    @precondition(lambda self: self.waiting)
    @rule()
    def rebuild_while_workers_go_on(self) -> None:
        batches = [self.waiting.pop(0) for _ in range(min(2, len(self.waiting)))]
        self.delivered += batches
        self.run(self._race(batches, differing(self.database, ACCOUNT, mend=True)))

    @precondition(lambda self: self.ledger.orders)
    @rule(lost=st.booleans())
    def rebuild_what_somebody_harmed(self, lost: bool) -> None:
        harmed = min(self.ledger.orders)
        self.run(self._harm(harmed, lost=lost))
        compare("found to differ", self.run(differing(self.database, ACCOUNT, mend=True)), {harmed})
        self.run(read(self.database, ACCOUNT)).check(self.ledger)

    def teardown(self) -> None:
        try:
            while self.waiting:
                self.settle(workers=3, twice=False)
            self.run(self._check_end())
        finally:
            self.run(self.database.close())
            self.loop.close()

    async def _empty(self) -> None:
        """Every example begins with nothing, and with the same account: keyed submissions' ids derive from it."""
        await self.database.open()
        async with self.database.transaction() as connection:
            for table in ("submissions", "orders", "outbox", "idempotency_keys"):
                await connection.execute(f"DELETE FROM {table}")

    async def _race(self, batches: Sequence[Sequence[Submission]], *besides: Coroutine[Any, Any, object]) -> None:
        await asyncio.gather(*(Store(self.database).settle(batch) for batch in batches), *besides)
        contents = await read(self.database, ACCOUNT)
        self.ledger = _explain(contents, self.ledger, permutations(batches), self.cases)

    async def _die(self, batch: Sequence[Submission], after: int) -> None:
        worker = asyncio.ensure_future(Store(self.database).settle(batch))
        for _ in range(after):
            await asyncio.sleep(0)
        worker.cancel()
        await asyncio.wait([worker])
        contents = await read(self.database, ACCOUNT)
        was_committed = {one.id for one in batch} <= contents.history.keys()
        self.cases[Case.DIED_AFTER_COMMIT if was_committed else Case.DIED_BEFORE_COMMIT] += 1
        self.ledger = _explain(contents, self.ledger, [(), (batch,)], self.cases)

    async def _harm(self, order_id: UUID, *, lost: bool) -> None:
        harm = "DELETE FROM orders" if lost else "UPDATE orders SET amount_paid = 0.01, paid_since = now()"
        async with self.database.transaction() as connection:
            await connection.execute(f"{harm} WHERE id = $1", order_id)

    async def _check_end(self) -> None:
        standing = standing_of(self.posted)
        histories = {id: standing.of_order(id) for id in {one.order_id for one in self.posted}}
        final = {id: order_of(history) for id, history in histories.items() if history}
        compare("orders in the end", self.ledger.orders, final)
        contents = await read(self.database, ACCOUNT)
        contents.check(self.ledger)
        check_told(contents.events, final, self.ledger, exact=False)
        compare("found to differ by a rebuild", await differing(self.database, ACCOUNT, mend=False), set())


def _explain(
    contents: Contents, ledger: Ledger, orders: Iterable[Sequence[Sequence[Submission]]], cases: Counter[Case]
) -> Ledger:
    """Return the ledger of the first order of commits that leads to these contents; count the cases that it held."""
    reasons = []
    for commits in orders:
        attempt, met = ledger.copy(), Counter[Case]()
        for batch in commits:
            before, standing, receipts = dict(attempt.orders), attempt.standing, dict(attempt.receipts)
            step = attempt.commit(batch)
            met += cases_of(batch, before, standing, receipts, attempt, step)
        try:
            contents.check(attempt)
        except Discrepancy as reason:
            reasons.append(reason)
        else:
            cases.update(met)
            return attempt
    raise Discrepancy("no order of the commits explains what is stored; by the first:") from reasons[0]


def test_workers_that_race_and_die_leave_what_the_rules_say(database_url: str) -> None:
    met: Counter[Case] = Counter()

    class OverThisDatabase(Workers):
        url = database_url
        cases = met

    run_state_machine_as_test(
        OverThisDatabase,
        settings=settings(
            max_examples=50,
            stateful_step_count=16,
            # Not shrunk: the steps of a failure are few, and looking for fewer would take longer than a test may.
            phases=(Phase.generate,),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    missing = [case.name for case in EXPECTED if not met[case]]
    assert not missing, "cases that did not occur: nothing is proved about them"


async def test_store_of_the_simulator_does_transaction_by_transaction_what_the_real_one_does(
    database: Database,
) -> None:
    for seed in range(60):
        account, random = uuid4(), Random(seed)
        messages = Gateways(random, account).messages(8)
        messages += random.sample(messages, len(messages) // 3)
        random.shuffle(messages)
        memory, told = MemoryStore(), []
        for batch in messages:
            await Store(database).settle(batch)
            # Each has its own time of storing; all else is the same.
            told += memory.settle(batch, 0).events
        real = await read(database, account)
        compare(
            "history",
            {id: one._replace(settled_at=0) for id, one in real.history.items()},
            {
                id: Stored(row.submission.version, row.submission.received_at, 0, row.outcome, row.duplicate_of)
                for id, row in memory.tables.history.items()
            },
        )
        compare(
            "orders",
            {id: row._replace(updated_at=0) for id, row in real.rows.items()},
            {id: row_of(order.state, order.newest) for id, order in memory.tables.orders.items()},
        )
        compare("events", _told(real.events), _told(told))


def _told(events: Iterable[tuple[UUID, Event]]) -> list[tuple[str, ...]]:
    return sorted(
        (event.type, str(id), str(event.data.get("submission")), *event.data["changed"]) for id, event in events
    )
