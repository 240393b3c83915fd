"""Many messages published at once: what came of each, and how much gathers while the broker reads nothing."""

from uuid import uuid4

from shared.errors import NotTaken
from shared.publisher import FLUSH_BYTES, TURN_MESSAGES, Message, Publisher
from shared.topology import Names
from tests.polling import eventually
from tests.proxy import Proxy
from tests.queues import channel_to, connected, ready_in


def message(routing_key: str, body: bytes, *, mandatory: bool = True) -> Message:
    return Message(body, routing_key, str(uuid4()), "", "test", mandatory, None)


async def test_each_is_told_of_in_order_and_those_that_reach_a_queue_are_there(amqp_url: str, amqp_prefix: str) -> None:
    names = Names(amqp_prefix)
    body = bytes(FLUSH_BYTES // 4)
    async with channel_to(amqp_url) as channel, connected(amqp_url, names) as connection:
        publisher = Publisher(connection, timeout_seconds=30)
        messages = [
            message(names.submissions, body) if number % 3 else message("nobody", body, mandatory=number % 2 == 0)
            for number in range(2 * TURN_MESSAGES + 5)
        ]
        errors = await publisher.publish_all(messages, exchange="")
        returned = [one.routing_key == "nobody" and one.mandatory for one in messages]
        assert [isinstance(error, NotTaken) for error in errors] == returned
        assert [error is None for error in errors] == [not one for one in returned]
        wanted = sum(one.routing_key != "nobody" for one in messages)

        async def there() -> bool:
            return await ready_in(channel, names.submissions) == wanted

        await eventually(there)
        assert await publisher.publish_all([], exchange="") == []


async def test_while_the_broker_reads_nothing_little_gathers(amqp_url: str, amqp_prefix: str) -> None:
    names = Names(amqp_prefix)
    many, body = 2000, bytes(65_536)
    async with Proxy(amqp_url) as proxy, channel_to(amqp_url) as channel, connected(proxy.url, names) as connection:
        publisher = Publisher(connection, timeout_seconds=30)
        assert await publisher.publish_all([message(names.submissions, b"")], exchange="") == [None]
        proxy.stall()
        messages = [message(names.submissions, body) for _ in range(many)]
        errors = await publisher.publish_all(messages, exchange="", within_seconds=4)
        await proxy.restore()
        assert all(isinstance(error, NotTaken) for error in errors)
        assert await publisher.publish_all([message(names.submissions, b"")], exchange="") == [None]
        # All that was underway, in the sockets' own buffers too: some megabytes.
        assert await ready_in(channel, names.submissions) < many / 4
