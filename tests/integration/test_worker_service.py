"""The worker between a real broker and a real database: acknowledged last, and one bad submission harms no other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aio_pika
import msgspec
import pytest
from aio_pika.abc import AbstractChannel
from msgspec import Struct
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from services.worker.app import graph
from services.worker.failures import Failures
from services.worker.handler import Handler
from services.worker.intake import Intake
from services.worker.quarantine import Quarantine
from services.worker.settings import fill
from services.worker.store import Store
from services.worker.suspects import Suspects
from shared.broker import BrokerConnection, Consumer
from shared.contracts import Settled, Submission, SubmissionBatch
from shared.database import Database
from shared.lifecycle import Component
from shared.orders.content import Content
from shared.publisher import Publisher
from shared.topology import Names, dead_letters_of, declare
from tests.polling import eventually
from tests.proxy import Proxy
from tests.queues import channel_to, ready_in
from tests.running import running
from tests.settings import settings_of
from tests.submissions import submission

encode = msgspec.msgpack.Encoder().encode


class World(Struct, frozen=True):
    """The queue of one test, and the database behind it."""

    database: Database
    database_url: str
    amqp_url: str
    names: Names
    channel: AbstractChannel

    async def send(self, *submissions: Submission, body: bytes | None = None) -> None:
        message = aio_pika.Message(
            encode(SubmissionBatch(list(submissions))) if body is None else body,
            message_id=str(uuid7()),
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        await self.channel.default_exchange.publish(message, self.names.submissions)

    async def count(self, table: str, where: str = "true") -> int:
        async with self.database.transaction() as connection:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {where}"))

    async def stored(self, number: int) -> None:
        async def enough() -> bool:
            return await self.count("submissions") >= number

        await eventually(enough, what=f"{number} submissions are stored")
        assert await self.count("submissions") == number

    async def queue_is_empty(self) -> None:
        """No message is left, neither waiting nor held by a worker (a queue in use counts waiting ones alone)."""

        async def empty() -> bool:
            return await ready_in(self.channel, self.names.submissions) == 0

        await eventually(empty, what="the queue is empty")

    @asynccontextmanager
    async def worker(self, **addresses: str) -> AsyncIterator[Sequence[Component]]:
        given = {"database_url": self.database_url, "amqp_url": self.amqp_url, **addresses}
        settings = settings_of(fill, amqp_prefix=self.names.prefix, **given)
        async with running(graph(settings)) as components:
            yield components


@pytest.fixture
async def world(database: Database, database_url: str, amqp_url: str, amqp_prefix: str) -> AsyncIterator[World]:
    async with channel_to(amqp_url) as channel:
        await declare(channel, Names(amqp_prefix))
        yield World(database, database_url, amqp_url, Names(amqp_prefix), channel)


async def test_messages_are_stored_and_then_acknowledged(world: World) -> None:
    async with world.worker():
        await world.send(submission("A"), submission("B"))
        await world.send(submission("C"))
        await world.stored(3)
    await world.queue_is_empty()


async def test_poison_lands_in_failures_and_its_neighbours_are_stored(world: World) -> None:
    good = [submission(f"INV-{number}") for number in range(20)]
    bad = [
        submission("BAD-1", customerName="a\0b"),
        submission("BAD-2", total="NaN2"),
        submission("BAD-3", total="1e3x"),
        # This one the driver refuses, before Postgres is asked.
        replace(submission("BAD-4"), content=Content({"orderStatus": "delivered"}, occurred_at=2**63)),
    ]
    batch = [*good[:7], bad[0], *good[7:15], *bad[1:], *good[15:]]
    async with world.worker():
        await world.send(*batch)
        await world.stored(20)

        async def all_set_aside() -> bool:
            return await world.count("failures") == len(bad)

        await eventually(all_set_aside)
    await world.queue_is_empty()
    async with world.database.transaction() as connection:
        rows = await connection.fetch("SELECT submission_id, order_id, place, cause, body FROM failures")
    assert {row["submission_id"] for row in rows} == {one.id for one in bad}
    assert {row["place"] for row in rows} == {"worker"}
    kept = [msgspec.msgpack.decode(row["body"], type=SubmissionBatch).submissions for row in rows]
    assert {one.id for [one] in kept} == {one.id for one in bad}, "each is kept whole, alone"
    assert await world.count("orders") == 20


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xff\xff", b"\xc1", encode({"type": "submissions.v9", "submissions": []}), b"\x91" * 100_000, b"{}"],
)
async def test_undecodable_message_lands_in_failures_and_the_next_is_stored(world: World, body: bytes) -> None:
    async with world.worker():
        await world.send(body=body)
        await world.send(submission("A"))
        await world.stored(1)
        assert await world.count("failures", "cause = 'undecodable'") == 1
    await world.queue_is_empty()
    async with world.database.transaction() as connection:
        assert await connection.fetchval("SELECT body FROM failures") == body


async def test_message_dead_lettered_by_the_broker_is_kept(world: World) -> None:
    await world.send(submission("A"))
    queue = await world.channel.get_queue(world.names.submissions, ensure=False)
    message = await queue.get(timeout=10)
    assert message is not None
    await message.reject(requeue=False)

    async def kept() -> bool:
        return await ready_in(world.channel, dead_letters_of(world.names.submissions)) == 1

    await eventually(kept)


@asynccontextmanager
async def dying_worker(world: World, handler: Handler) -> AsyncIterator[None]:
    """Run a worker with a handler of the test's; at the end it dies as a crashed process does, without a word."""
    async with Proxy(world.amqp_url) as proxy:
        consuming = BrokerConnection(proxy.url, world.names, "dying")
        publisher = Publisher(consuming, timeout_seconds=1)
        quarantine = Quarantine(handler, Suspects(world.database))
        intake = Intake(
            handler, quarantine, publisher, batch_rows=500, transactions=2, count=lambda *_: None, clock=lambda: 0
        )
        consumer = Consumer(consuming, world.names.submissions, prefetch=64, accept=intake.accept)
        tasks = [asyncio.ensure_future(component.run()) for component in (consumer, intake, consuming)]
        try:
            yield
        finally:
            tasks[1].cancel()
            await proxy.cut()
            for component in (consumer, consuming):
                component.stop()
            await asyncio.wait(tasks, timeout=10)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class DiesAfterCommit(Handler):
    """Settles, and is never heard of again."""

    def __init__(self, database: Database) -> None:
        super().__init__(Store(database), Failures(database))
        self.settled = asyncio.Event()

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        await super().settle(submissions)
        self.settled.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody sets that future")


class DiesBeforeCommit(Handler):
    """Takes a batch, and is never heard of again."""

    def __init__(self, database: Database) -> None:
        super().__init__(Store(database), Failures(database))
        self.taken = asyncio.Event()

    async def settle(self, submissions: Sequence[Submission]) -> list[Settled]:
        self.taken.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody sets that future")


async def test_what_a_worker_held_when_it_died_is_stored_by_another(world: World) -> None:
    dying = DiesBeforeCommit(world.database)
    async with dying_worker(world, dying):
        await world.send(submission("A", paymentStatus="paid"))
        await asyncio.wait_for(dying.taken.wait(), 20)
    assert await world.count("submissions") == 0

    async def back() -> bool:
        return await ready_in(world.channel, world.names.submissions) == 1

    await eventually(back, what="the message is back in the queue")
    async with world.worker():
        await world.stored(1)
    await world.queue_is_empty()


async def test_worker_that_dies_between_commit_and_acknowledgement_stores_nothing_twice(world: World) -> None:
    dying = DiesAfterCommit(world.database)
    first = submission("A", paymentStatus="paid")
    async with dying_worker(world, dying):
        await world.send(first)
        await asyncio.wait_for(dying.settled.wait(), 20)

    async def back() -> bool:
        return await ready_in(world.channel, world.names.submissions) == 1

    await eventually(back, what="the message is back in the queue")
    async with world.worker():
        await world.send(submission("B"))
        await world.stored(2)
    await world.queue_is_empty()
    assert await world.count("outbox", "type = 'payment.paid'") == 1
    assert await world.count("outbox", "type = 'order.created'") == 2


async def test_while_postgres_is_away_nothing_is_lost_or_called_poison(world: World) -> None:
    async with Proxy(world.database_url) as postgres, world.worker(database_url=postgres.url):
        await world.send(submission("A"))
        await world.stored(1)
        await postgres.cut()
        for number in range(20):
            await world.send(submission(f"INV-{number}"))
        await postgres.restore()
        await world.stored(21)
    await world.queue_is_empty()
    assert await world.count("failures") == 0


async def test_worker_goes_on_after_the_broker_was_away(world: World) -> None:
    async with Proxy(world.amqp_url) as rabbitmq, world.worker(amqp_url=rabbitmq.url):
        await world.send(submission("A"))
        await world.stored(1)
        await rabbitmq.cut()
        await world.send(submission("B"))
        await rabbitmq.restore()
        await world.stored(2)


async def test_several_workers_share_a_queue_and_store_each_submission_once(world: World) -> None:
    everything = [
        submission(f"INV-{number % 40}", minutes=number, paymentStatus="paid" if number % 3 else "pending")
        for number in range(400)
    ]
    async with world.worker(), world.worker(), world.worker():
        for start in range(0, 400, 10):
            await world.send(*everything[start : start + 10])
            await world.send(*everything[start : start + 10])
        await world.stored(400)
        await world.queue_is_empty()
    await world.queue_is_empty()
    assert await world.count("orders") == 40
    assert await world.count("outbox", "type = 'order.created'") == 40
    assert await world.count("failures") == 0


async def test_worker_refuses_to_start_on_an_older_schema(
    world: World, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '0000'")
    settings = settings_of(fill, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix)
    async with graph(settings) as components:
        database = next(component for component in components if isinstance(component, Database))
        with pytest.raises(Exception, match="bugalou migrate"):
            await asyncio.wait_for(database.run(), 20)


async def test_dead_letters_of_workers_and_notifiers_land_in_failures_once(world: World) -> None:
    for queue in (world.names.submissions, world.names.notifications):
        for _ in range(2):  # the same message twice: as when an acknowledgement was lost
            message = aio_pika.Message(f"dead in {queue}".encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await world.channel.default_exchange.publish(message, dead_letters_of(queue))

    async def drained() -> bool:
        return await world.count("failures", "cause = 'dead_letter'") == 2

    async with world.worker():
        await eventually(drained, what="both dead letters are set aside")
        for queue in (world.names.submissions, world.names.notifications):
            name = dead_letters_of(queue)

            async def empty(name: str = name) -> bool:
                return await ready_in(world.channel, name) == 0

            await eventually(empty, what=f"{name} is empty")
    assert await world.count("failures") == 2
