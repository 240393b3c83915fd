"""One simulated history: gateways, a broker and workers that die, and the model that each commit is held to."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from uuid import UUID

from shared.contracts import Submission
from tests.simulation.broker import Broker, Delivery
from tests.simulation.census import EXCEPTIONS, Case, cases_of
from tests.simulation.checks import (
    UPDATED,
    Row,
    Stored,
    check_history,
    check_rows,
    check_told,
    compare,
    facts_of,
    row_of,
)
from tests.simulation.gateways import START, Gateways
from tests.simulation.memory_store import Commit, MemoryStore
from tests.simulation.model import Ledger, Step, order_of, standing_of


class World:
    """Plays one history to its end; `Discrepancy` tells where store and model part."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)
        self._store = MemoryStore()
        self._ledger = Ledger()
        self._broker = Broker(self._random, faults=self._random.choice((0, 1, 2, 4, 6)))
        self._clock = START * 1_000_000
        self.published: list[list[Submission]] = []
        self.cases: Counter[Case] = Counter()

    def play(self) -> None:
        """Publish everything, let the workers settle it until the broker is empty, and check what they leave."""
        self.published = Gateways(self._random).messages(self._random.randint(2, 9))
        for message in self.published:
            self._broker.publish(message)
        workers: list[Iterator[None]] = []
        while workers or not self._broker.is_empty:
            if not self._broker.is_empty and len(workers) < 3 and (not workers or self._random.random() < 0.5):
                workers.append(self._work())
            worker = self._random.choice(workers)
            if next(worker, worker) is worker:
                workers.remove(worker)
        self._check_end()

    def _work(self) -> Iterator[None]:
        """One round of a worker: take some messages, settle them in one batch or in halves, acknowledge last."""
        deliveries: list[Delivery] = []
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            if not self._broker.is_empty:
                deliveries.append(self._broker.deliver())
        self.cases[Case.MESSAGES_JOINED] += len(deliveries) > 1
        yield
        batch = [one for delivery in deliveries for one in delivery.submissions]
        halves = [batch]
        if len(batch) > 1 and self._random.random() < 0.2:
            middle = len(batch) // 2
            halves = [batch[:middle], batch[middle:]]
            self.cases[Case.BATCH_HALVED] += 1
        for half in halves:
            if self._broker.misbehaves(0.08):
                self._settle(half, commit=False)
                self.cases[Case.DIED_BEFORE_COMMIT] += 1
                break
            self._settle(half)
            yield
        else:
            if not self._broker.misbehaves(0.12):
                for delivery in deliveries:
                    self._broker.acknowledge(delivery)
                return
            self.cases[Case.DIED_AFTER_COMMIT] += 1
        for delivery in deliveries:
            self._broker.take_back(delivery)

    def _settle(self, batch: Sequence[Submission], *, commit: bool = True) -> None:
        self._clock += self._random.choice((0, 1, 1_000, 1_000_000))
        # A transaction's time is that of its beginning: one that waited for a lock commits later with an earlier time.
        now = self._clock - self._random.choice((0, 0, 500, 2_000_000))
        done = self._store.settle(batch, now, commit=commit)
        if not commit:
            return
        before, standing = dict(self._ledger.orders), self._ledger.standing
        receipts = dict(self._ledger.receipts)
        step = self._ledger.commit(batch)
        self.cases[Case.FAST_ROAD] += done.fast
        self.cases[Case.SLOW_ROAD] += done.slow
        self.cases.update(cases_of(batch, before, standing, receipts, self._ledger, step))
        self._check_commit(step, done)

    def _check_commit(self, step: Step, done: Commit) -> None:
        compare("told of runs", facts_of(event for _, event in done.events), sorted(step.facts))
        changed = {id: set(event.data["changed"]) for id, event in done.events if event.type == UPDATED}
        compare("told of changes", changed, step.updated)
        history = self._history()
        check_history(history, self._ledger)
        check_rows(self._rows(), self._ledger, history)

    def _rows(self) -> dict[UUID, Row]:
        return {id: row_of(order.state, order.newest) for id, order in self._store.tables.orders.items()}

    def _history(self) -> dict[UUID, Stored]:
        return {
            id: Stored(
                row.submission.version, row.submission.received_at, row.settled_at, row.outcome, row.duplicate_of
            )
            for id, row in self._store.tables.history.items()
        }

    def _check_end(self) -> None:
        """Nothing but what was published decides: no order of arrival, no batch, no worker's death."""
        everything = [one for message in self.published for one in message]
        standing = standing_of(everything)
        histories = {id: standing.of_order(id) for id in {one.order_id for one in everything}}
        final = {id: order_of(history) for id, history in histories.items() if history}
        compare("orders in the end", self._ledger.orders, final)
        is_plain = not any(self.cases[case] for case in EXCEPTIONS)
        self.cases[Case.PLAIN] += is_plain
        check_told(self._store.tables.outbox, final, self._ledger, exact=is_plain)
