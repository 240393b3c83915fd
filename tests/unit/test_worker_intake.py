"""From deliveries to acknowledgements, with a broker and a database that are not there."""

import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import create_autospec
from uuid import UUID

import msgspec
from aio_pika.abc import AbstractIncomingMessage

from services.worker.intake import Intake
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


def delivery(reply_to: str, *submissions: Submission) -> Delivery:
    message = create_autospec(AbstractIncomingMessage, instance=True)
    message.body = msgspec.msgpack.encode(SubmissionBatch(list(submissions)))
    message.reply_to = reply_to
    message.headers = {}
    return Delivery(message)


async def test_every_gateway_that_waits_for_a_repeated_key_is_told() -> None:
    first = submission(idempotency=b"k" * 16, wait=True)
    again = submission(id=first.id, minutes=1, idempotency=b"k" * 16, wait=True)
    answers = Answers(expected=2)
    intake = Intake(SettlesAtOnce(), NeverAsked(), answers, batch_rows=500, count=lambda *_: None, clock=lambda: 0)
    intake.accept(delivery("one gateway", first))
    intake.accept(delivery("another", again))
    running = asyncio.ensure_future(intake.run())
    await asyncio.wait_for(answers.all_told.wait(), 10)
    intake.stop()
    await running
    assert answers.told == {"one gateway": [first.id], "another": [first.id]}
