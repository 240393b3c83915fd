"""From deliveries to acknowledgements: gathers what has arrived, settles it in one batch, acknowledges last."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final, Protocol
from uuid import UUID

import msgspec
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from shared.broker import Delivery
from shared.contracts import Settled, SettledBatch, Submission
from shared.errors import BrokerUnavailable
from shared.metrics import BATCH_MESSAGES, BATCH_SECONDS, BATCH_SUBMISSIONS, SETTLE_SECONDS, WORKER_LAG, Lag
from shared.telemetry import log
from shared.traces import batch, is_on, spans

SUSPICIOUS_REDELIVERIES: Final = 3
"""A message that came back so often may be what kills its workers: it is settled without neighbours."""

_encode: Final = msgspec.msgpack.Encoder().encode


class Handles(Protocol):
    """Turns bodies into settled submissions."""

    async def decode(self, body: bytes) -> list[Submission]:
        """Return the submissions in a message."""
        ...

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        """Settle them; durable when it returns."""
        ...


class Isolates(Protocol):
    """Settles what may be what kills its workers."""

    async def settle(self, body: bytes, submissions: Sequence[Submission]) -> list[Settled]:
        """Settle what one message carries; durable when it returns."""
        ...


class Publishes(Protocol):
    """Publishes the answers to requests that wait."""

    async def publish(
        self, body: bytes, *, routing_key: str, message_id: str, content_type: str, message_type: str
    ) -> None:
        """Publish one message or raise `BrokerUnavailable`."""
        ...


class Intake:
    """Takes deliveries and settles them in batches; a component.

    While some batches are in their `transactions`, the next one is made, and the deliveries after that gather (bounded
    by the consumer's prefetch). Batches of one worker may meet at an order as those of two workers do.
    """

    def __init__(
        self,
        handler: Handles,
        quarantine: Isolates,
        publisher: Publishes,
        *,
        batch_rows: int,
        transactions: int,
        count: Callable[[int, int, int], None],
        clock: Callable[[], int],
    ) -> None:
        self._handler = handler
        self._quarantine = quarantine
        self._publisher = publisher
        self._batch_rows = batch_rows
        self._transactions = transactions
        self._count = count
        self._clock = clock
        self._lag = Lag(WORKER_LAG)
        self._oldest: dict[Delivery, int] = {}
        self._room = asyncio.Semaphore(transactions)
        self._making_room = asyncio.Lock()
        self._waiting: asyncio.Queue[Delivery | None] = asyncio.Queue()
        self._stopped = False

    def accept(self, delivery: Delivery) -> None:
        """Take one delivery from the consumer; only enqueues."""
        self._waiting.put_nowait(delivery)

    def stop(self) -> None:
        """Settle what is under way, then end; the broker gives what still waits to another worker."""
        if not self._stopped:
            self._stopped = True
            self._waiting.put_nowait(None)

    async def run(self) -> None:
        """Settle batches until stopped."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._transactions):
                group.create_task(self._settle_in_turn())

    async def _settle_in_turn(self) -> None:
        while not self._stopped:
            first = await self._waiting.get()
            if first is None or self._stopped:
                self._waiting.put_nowait(None)  # for whoever waits beside us
                return
            alone = first.redeliveries >= SUSPICIOUS_REDELIVERIES
            async with self._entering(alone):
                await self._settle(first, alone)

    @asynccontextmanager
    async def _entering(self, alone: bool) -> AsyncIterator[None]:
        """Enter beside others, or once all have left: nobody knows which one killed a worker of several."""
        entered = 0
        try:
            async with self._making_room:  # nobody passes whoever waits for all the room there is
                for _ in range(self._transactions if alone else 1):
                    await self._room.acquire()
                    entered += 1
            yield
        finally:
            for _ in range(entered):
                self._room.release()

    async def _settle(self, first: Delivery, alone: bool) -> None:
        deliveries, submissions = [first], await self._handler.decode(first.body)
        # Several gateways may wait for one submission, when a key is repeated: each of them is told.
        origins: dict[UUID, set[str]] = defaultdict(set)
        _note_origins(origins, first, submissions)
        while not alone and len(submissions) < self._batch_rows and not self._waiting.empty():
            delivery = self._waiting.get_nowait()
            if delivery is None or delivery.redeliveries >= SUSPICIOUS_REDELIVERIES:
                self._waiting.put_nowait(delivery)
                break
            more = await self._handler.decode(delivery.body)
            deliveries.append(delivery)
            submissions += more
            _note_origins(origins, delivery, more)
        # Later deliveries are younger: the oldest in this worker's hands is in the batch.
        oldest = min((submission.received_at for submission in submissions), default=0)
        age = self._note_age(first, oldest)
        begun = time.perf_counter()
        with _traced(submissions) as traced:
            if alone:
                settled = await self._quarantine.settle(first.body, traced)
            else:
                settled = await self._handler.settle(traced)
        answers: dict[str, list[Settled]] = defaultdict(list)
        for one in settled:
            for reply_to in origins.get(one.id, ()):
                answers[reply_to].append(one)
        for delivery in deliveries:
            await delivery.ack()
        for reply_to, told in answers.items():
            await self._answer(reply_to, told)
        self._note_age(first, 0)
        self._count(len(submissions), len(deliveries), oldest)
        seconds = time.perf_counter() - begun
        BATCH_SECONDS.observe(seconds)
        BATCH_SUBMISSIONS.observe(len(submissions))
        BATCH_MESSAGES.observe(len(deliveries))
        if age is not None:
            SETTLE_SECONDS.observe(age + seconds)
        log.debug("batch.settled", messages=len(deliveries), submissions=len(submissions))

    def _note_age(self, batch: Delivery, oldest: int) -> float | None:
        """Note the oldest of a batch under way, 0 for none; return its age, in seconds."""
        self._oldest.pop(batch, None)
        if oldest:
            self._oldest[batch] = oldest
        now = self._clock()
        of_all = min(self._oldest.values(), default=None)
        self._lag.measured(None if of_all is None else max(0, now - of_all) / 1_000_000)
        return max(0, now - oldest) / 1_000_000 if oldest else None

    async def _answer(self, reply_to: str, settled: list[Settled]) -> None:
        """Tell a gateway what became of its waiting requests; if that fails they time out to a 202, which is true."""
        try:
            await self._publisher.publish(
                _encode(SettledBatch(settled)),
                routing_key=reply_to,
                message_id=str(uuid7()),
                content_type="application/msgpack",
                message_type="settled.v1",
            )
        except BrokerUnavailable as error:
            log.info("answer.undelivered", reason=str(error))


def _note_origins(origins: dict[UUID, set[str]], delivery: Delivery, submissions: Sequence[Submission]) -> None:
    if delivery.reply_to is not None:
        for submission in submissions:
            if submission.wait:
                origins[submission.id].add(delivery.reply_to)


@contextmanager
def _traced(submissions: Sequence[Submission]) -> Iterator[Sequence[Submission]]:
    """Give the submissions of a batch, each in a span of its own request's trace, linked to the batch's span."""
    if not is_on():
        yield submissions
        return
    parents = [submission.trace for submission in submissions]
    with (
        batch("settle batch", parents, kind="consumer") as together,
        spans("settle submission", parents, link=together, kind="consumer") as traces,
    ):
        yield [replace(one, trace=trace) for one, trace in zip(submissions, traces, strict=True)]
