"""Submissions as a gateway publishes them, made without one: to fill a queue, or to be settled directly."""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

import aio_pika
import msgspec
from uuid_utils.compat import uuid7

from services.gateway.acceptance import accept
from services.gateway.clock import SharedClock
from shared.contracts import Submission, SubmissionBatch
from shared.keys import SCOPES, ApiKey
from shared.orders.validation import read_order
from shared.topology import Names, declare
from tests.bench.orders import Bodies, Kind

MESSAGE: Final = 250
"""Submissions in one message: the gateway's default."""


def make(
    kind: Kind, prefix: str, count: int, account: UUID, *, first: int = 0, population: int = 1
) -> list[Submission]:
    """Return submissions, as a gateway makes them of the same bodies."""
    key = ApiKey(uuid7(), account, True, "bench", frozenset(SCOPES), None, None, None)
    clock = SharedClock(0)
    moment = time.monotonic()
    clock.measure(moment, moment, int(time.time() * 1e6))
    bodies = Bodies(kind, prefix, first=first, population=population)
    made = []
    for _ in range(count):
        now = clock.now()
        draft = read_order(bodies.next(), strict=False, now=now)
        made.append(accept(draft, key, clock, now, idempotency_key=None, wait=False))
    return made


def chunks(submissions: Sequence[Submission], size: int) -> Iterator[list[Submission]]:
    """Cut submissions into batches."""
    rest = iter(submissions)
    while batch := list(islice(rest, size)):
        yield batch


async def fill_queue(amqp_url: str, prefix: str, submissions: Sequence[Submission]) -> None:
    """Put submissions on the workers' queue, as many to a message as a busy gateway puts."""
    names = Names(prefix)
    connection = await aio_pika.connect(amqp_url, timeout=30)
    async with connection, connection.channel(publisher_confirms=True) as channel:
        await declare(channel, names)
        for batch in chunks(submissions, MESSAGE):
            message = aio_pika.Message(
                msgspec.msgpack.encode(SubmissionBatch(batch)),
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                content_type="application/msgpack",
                type="submissions.v1",
                message_id=str(uuid7()),
            )
            await channel.default_exchange.publish(message, names.submissions)
