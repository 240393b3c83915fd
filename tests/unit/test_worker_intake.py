"""From deliveries to acknowledgements, with a broker and a database that are not there."""

import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import create_autospec
from uuid import UUID

import msgspec
from aio_pika.abc import AbstractIncomingMessage

from services.worker.intake import SUSPICIOUS_REDELIVERIES, Handles, Intake, Isolates, Publishes
from shared.broker import Delivery
from shared.contracts import Settled, SettledBatch, Submission, SubmissionBatch
from tests.submissions import submission


class SettlesAtOnce:
    """Says of each submission once that it was applied."""

    async def decode(self, body: bytes) -> list[Submission]:
        return msgspec.msgpack.decode(body, type=SubmissionBatch).submissions

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        return [Settled(id, "applied") for id in {one.id: None for one in submissions}]


class NeverAsked:
    """A quarantine that no message of these tests comes into."""

    async def settle(self, body: bytes, submissions: Sequence[Submission]) -> list[Settled]:
        raise AssertionError((body, submissions))


class Answers:
    """Keeps what gateways are told, and ends the wait for so many answers."""

    def __init__(self, expected: int) -> None:
        self.told: dict[str, list[UUID]] = {}
        self.all_told = asyncio.Event()
        self._expected = expected

    async def publish(self, body: bytes, *, routing_key: str, **_: Any) -> None:
        self.told[routing_key] = [one.id for one in msgspec.msgpack.decode(body, type=SettledBatch).settled]
        if len(self.told) == self._expected:
            self.all_told.set()


class UnderWay:
    """A handler and quarantine in one, whose batches last until they are let go; it keeps how they overlapped."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.now: set[str] = set()
        self.beside: dict[str, set[str]] = {}
        self._let_go: dict[str, asyncio.Event] = {}

    async def decode(self, body: bytes) -> list[Submission]:
        return msgspec.msgpack.decode(body, type=SubmissionBatch).submissions

    def let_go(self, number: str) -> None:
        self._let_go[number].set()

    async def run(self, submissions: Sequence[Submission]) -> list[Settled]:
        number = submissions[0].order_number
        self.now.add(number)
        for one in self.now:
            self.beside.setdefault(one, set()).update(self.now - {one})
        self._let_go[number] = asyncio.Event()
        self.begun.put_nowait(number)
        await self._let_go[number].wait()
        self.now.discard(number)
        return []


class Handler(SettlesAtOnce):
    def __init__(self, under_way: UnderWay) -> None:
        self._under_way = under_way

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        return await self._under_way.run(submissions)


class Quarantine:
    def __init__(self, under_way: UnderWay) -> None:
        self._under_way = under_way

    async def settle(self, body: bytes, submissions: Sequence[Submission]) -> list[Settled]:
        return await self._under_way.run(submissions)


def delivery(reply_to: str, *submissions: Submission, count: int = 0) -> Delivery:
    message = create_autospec(AbstractIncomingMessage, instance=True)
    message.body = msgspec.msgpack.encode(SubmissionBatch(list(submissions)))
    message.reply_to = reply_to
    message.headers = {"x-delivery-count": count}
    return Delivery(message)


async def test_every_gateway_that_waits_for_a_repeated_key_is_told() -> None:
    first = submission(idempotency=b"k" * 16, wait=True)
    again = submission(id=first.id, minutes=1, idempotency=b"k" * 16, wait=True)
    answers = Answers(expected=2)
    intake = _intake(SettlesAtOnce(), NeverAsked(), answers)
    intake.accept(delivery("one gateway", first))
    intake.accept(delivery("another", again))
    running = asyncio.ensure_future(intake.run())
    await asyncio.wait_for(answers.all_told.wait(), 10)
    intake.stop()
    await running
    assert answers.told == {"one gateway": [first.id], "another": [first.id]}


async def test_a_batch_is_made_while_another_is_in_its_transaction() -> None:
    under_way = UnderWay()
    intake = _intake(Handler(under_way), NeverAsked(), Answers(expected=0), batch_rows=1)
    running = asyncio.ensure_future(intake.run())
    for number in ("one", "two", "three"):
        intake.accept(delivery("", submission(number)))
    assert {await under_way.begun.get(), await under_way.begun.get()} == {"one", "two"}
    under_way.let_go("one")
    assert await under_way.begun.get() == "three"
    intake.stop()
    under_way.let_go("two")
    under_way.let_go("three")
    await asyncio.wait_for(running, 10)
    assert under_way.beside == {"one": {"two"}, "two": {"one", "three"}, "three": {"two"}}


async def test_what_may_be_what_kills_its_workers_has_nothing_beside_it() -> None:
    under_way = UnderWay()
    intake = _intake(Handler(under_way), Quarantine(under_way), Answers(expected=0), batch_rows=1)
    running = asyncio.ensure_future(intake.run())
    intake.accept(delivery("", submission("before")))
    intake.accept(delivery("", submission("suspect"), count=SUSPICIOUS_REDELIVERIES))
    intake.accept(delivery("", submission("after")))
    for number in ("before", "suspect", "after"):
        assert await under_way.begun.get() == number
        under_way.let_go(number)
    intake.stop()
    await asyncio.wait_for(running, 10)
    assert under_way.beside == {"before": set(), "suspect": set(), "after": set()}


def _intake(handler: Handles, quarantine: Isolates, publisher: Publishes, *, batch_rows: int = 500) -> Intake:
    return Intake(
        handler,
        quarantine,
        publisher,
        batch_rows=batch_rows,
        transactions=2,
        count=lambda *_: None,
        clock=lambda: 0,
    )
