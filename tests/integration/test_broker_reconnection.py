"""What is consumed goes on being consumed after the broker was away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aio_pika

from shared.broker import BrokerConnection, Consumer, Delivery
from shared.topology import Names
from tests.polling import eventually
from tests.proxy import Proxy


@asynccontextmanager
async def running(connection: BrokerConnection, consumer: Consumer) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        group.create_task(connection.run())
        consuming = group.create_task(consumer.run())
        try:
            yield
        finally:
            consumer.stop()
            await consuming
            connection.stop()


async def send(url: str, queue: str, body: bytes) -> None:
    connection = await aio_pika.connect(url, timeout=10)
    async with connection, connection.channel() as channel:
        await channel.default_exchange.publish(aio_pika.Message(body, message_id=str(uuid4())), queue)


async def test_deliveries_go_on_after_the_connection_was_lost(amqp_url: str, amqp_prefix: str) -> None:
    names = Names(amqp_prefix)
    received: list[bytes] = []

    def accept(delivery: Delivery) -> None:
        received.append(delivery.body)

    async with Proxy(amqp_url) as proxy:
        connection = BrokerConnection(proxy.url, names, "test")
        consumer = Consumer(connection, names.submissions, prefetch=10, accept=accept)
        async with running(connection, consumer):
            await eventually(lambda: connection.is_ready)
            await send(amqp_url, names.submissions, b"before")
            await eventually(lambda: received == [b"before"])
            await proxy.cut()
            await eventually(lambda: not connection.is_ready)
            await send(amqp_url, names.submissions, b"meanwhile")
            await proxy.restore()
            # What had not been acknowledged comes again, and what came meanwhile comes too.
            await eventually(lambda: received[1:].count(b"before") == 1 and b"meanwhile" in received)
            await send(amqp_url, names.submissions, b"after")
            await eventually(lambda: received[-1] == b"after")


async def test_consumer_whose_connection_is_lost_while_it_subscribes_subscribes_again(
    amqp_url: str, amqp_prefix: str
) -> None:
    names = Names(amqp_prefix)
    received: list[bytes] = []

    def accept(delivery: Delivery) -> None:
        received.append(delivery.body)

    async with Proxy(amqp_url) as proxy:
        connection = BrokerConnection(proxy.url, names, "test")
        consumer = Consumer(connection, names.submissions, prefetch=10, accept=accept)
        connecting = asyncio.ensure_future(connection.run())
        await eventually(lambda: connection.is_ready)
        proxy.stall()
        consuming = asyncio.ensure_future(consumer.run())
        try:
            await eventually(lambda: proxy.held > 0, what="it subscribes")
            await proxy.cut()
            await proxy.restore()
            await send(amqp_url, names.submissions, b"after")
            await eventually(lambda: received == [b"after"] or consuming.done())
            assert not consuming.done()
        finally:
            consumer.stop()
            await asyncio.wait((consuming,), timeout=10)
            connection.stop()
            await asyncio.wait((connecting,), timeout=10)
    consuming.result()
    connecting.result()


async def test_connection_that_is_lost_while_it_is_opened_is_opened_again(amqp_url: str, amqp_prefix: str) -> None:
    async with Proxy(amqp_url) as proxy:
        connection = BrokerConnection(proxy.url, Names(amqp_prefix), "test")
        proxy.stall()
        connecting = asyncio.ensure_future(connection.run())
        try:
            await eventually(lambda: proxy.held > 0, what="it connects")
            await proxy.cut()
            await proxy.restore()
            await eventually(lambda: connection.is_ready or connecting.done())
            assert not connecting.done()
        finally:
            connection.stop()
            await asyncio.wait((connecting,), timeout=10)
    connecting.result()


async def test_whoever_loses_its_node_of_a_cluster_goes_on_with_another(amqp_url: str, amqp_prefix: str) -> None:
    names = Names(amqp_prefix)
    received: list[bytes] = []

    def accept(delivery: Delivery) -> None:
        received.append(delivery.body)

    async with Proxy(amqp_url) as first, Proxy(amqp_url) as second:
        connection = BrokerConnection(f"{first.url},{second.url}", names, "test")
        consumer = Consumer(connection, names.submissions, prefetch=10, accept=accept)
        async with running(connection, consumer):
            for lost, left in ((first, second), (second, first)):
                await eventually(lambda: connection.is_ready)
                await left.restore()
                await lost.cut()
                received.clear()
                await send(amqp_url, names.submissions, b"meanwhile")
                await eventually(lambda: b"meanwhile" in received, what="it consumes by way of the other node")


async def test_connecting_to_a_broker_that_says_nothing_can_be_stopped(amqp_url: str, amqp_prefix: str) -> None:
    before = asyncio.all_tasks()
    async with Proxy(amqp_url) as proxy:
        proxy.stall()
        connection = BrokerConnection(proxy.url, Names(amqp_prefix), "test")
        running = asyncio.ensure_future(connection.run())
        await eventually(lambda: proxy.held > 0, what="the connection has been begun")
        connection.stop()
        await asyncio.wait_for(running, 10)
        # A task that were left behind would keep the process from ending.
        await eventually(
            lambda: {task for task in asyncio.all_tasks() - before if "onnection_factory" in repr(task)} == set()
        )
