"""A publisher gives up a connection that takes nothing, and goes on over another one."""

import asyncio
from uuid import uuid4

import pytest

from shared.broker import Consumer, Delivery
from shared.errors import BrokerUnavailable, NotTaken
from shared.publisher import Publisher
from shared.topology import Names
from tests.polling import eventually
from tests.proxy import Proxy
from tests.queues import channel_to, connected


async def takes(publisher: Publisher, queue: str) -> bool:
    try:
        await publisher.publish(b"", routing_key=queue, message_id=str(uuid4()), content_type="", message_type="test")
    except BrokerUnavailable:
        return False
    return True


async def test_what_is_refused_again_and_again_leads_to_another_connection_and_to_no_storm(
    amqp_url: str, amqp_prefix: str
) -> None:
    names = Names(amqp_prefix)
    full = f"{amqp_prefix}.full"
    async with Proxy(amqp_url) as first, Proxy(amqp_url) as second, channel_to(amqp_url) as channel:
        queue = await channel.declare_queue(
            full, exclusive=False, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
        )
        async with connected(f"{first.url},{second.url}", names) as connection:
            publisher = Publisher(connection, timeout_seconds=4)
            assert await takes(publisher, full)
            with pytest.raises(NotTaken):
                await publisher.publish(
                    b"", routing_key=full, message_id=str(uuid4()), content_type="", message_type="test"
                )
            refusals = 0

            async def renewed() -> bool:
                nonlocal refusals
                refusals += not await takes(publisher, full)
                return first.accepted + second.accepted > 1

            await eventually(renewed, what="it takes another connection")
            assert refusals > 10
            await eventually(lambda: connection.is_ready)
            assert first.accepted + second.accepted == 2
            await queue.purge()
            await eventually(lambda: takes(publisher, full), what="it goes on")


async def test_what_is_returned_again_and_again_brings_back_the_queue_that_is_gone(
    amqp_url: str, amqp_prefix: str
) -> None:
    names = Names(amqp_prefix)
    async with channel_to(amqp_url) as channel, connected(amqp_url, names) as connection:
        publisher = Publisher(connection, timeout_seconds=4)
        assert await takes(publisher, names.submissions)
        await channel.queue_delete(names.submissions)
        assert not await takes(publisher, names.submissions)
        await eventually(lambda: takes(publisher, names.submissions), what="it is declared again")


async def test_a_silent_connection_is_given_up_for_another_node(amqp_url: str, amqp_prefix: str) -> None:
    names = Names(amqp_prefix)
    async with (
        Proxy(amqp_url) as first,
        Proxy(amqp_url) as second,
        connected(f"{first.url},{second.url}", names) as connection,
    ):
        publisher = Publisher(connection, timeout_seconds=0.5)
        assert await takes(publisher, names.submissions)
        (first if first.accepted else second).stall()
        assert not await takes(publisher, names.submissions)
        # Long before its heartbeats would tell, which takes 33 seconds.
        await eventually(lambda: takes(publisher, names.submissions), within=30, what="it goes on by the other")


async def test_consumers_of_a_connection_that_is_given_up_go_on(amqp_url: str, amqp_prefix: str) -> None:
    names = Names(amqp_prefix)
    received: list[bytes] = []

    def accept(delivery: Delivery) -> None:
        received.append(delivery.body)

    async with connected(amqp_url, names) as connection:
        consumer = Consumer(connection, names.submissions, prefetch=10, accept=accept)
        consuming = asyncio.ensure_future(consumer.run())
        publisher = Publisher(connection, timeout_seconds=4)
        await eventually(lambda: takes(publisher, names.submissions))
        await eventually(lambda: received)
        connection.renew("a test")
        await eventually(lambda: not connection.is_ready)
        received.clear()
        await eventually(lambda: takes(publisher, names.submissions))
        await eventually(lambda: received, what="it consumes again")
        consumer.stop()
        await consuming
