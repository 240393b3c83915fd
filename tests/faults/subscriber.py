"""Anyone's consumer: a durable queue bound to all events, read at the end."""

from collections import Counter
from typing import Final
from uuid import UUID, uuid4

from aio_pika import Message

from tests.faults.stack import NAMES
from tests.queues import channel_to, ready_in

_QUEUE: Final = "faults.events"
_SILENT_SECONDS: Final = 30
QUEUES: Final = (
    NAMES.submissions,
    NAMES.notifications,
    f"{NAMES.submissions}.dead",
    f"{NAMES.notifications}.dead",
)


async def subscribe(amqp_url: str) -> None:
    """Bind the queue, for good."""
    async with channel_to(amqp_url) as channel:
        queue = await channel.declare_queue(_QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(NAMES.events, "#")


async def take_published(amqp_url: str) -> Counter[UUID]:
    """Return how often each event has come, and forget it; nothing may be on its way any more.

    A message of our own marks the end: how much a quorum queue says that it holds can be seconds old.
    """
    seen: Counter[UUID] = Counter()
    end = uuid4()
    async with channel_to(amqp_url) as channel:
        await channel.default_exchange.publish(Message(b"", message_id=str(end)), _QUEUE)
        await channel.set_qos(1000)
        queue = await channel.get_queue(_QUEUE, ensure=False)
        async with queue.iterator(timeout=_SILENT_SECONDS) as messages:
            async for message in messages:
                await message.ack()
                seen[UUID(message.message_id)] += 1
                if seen[end]:
                    break
    return seen


async def waiting_in_queues(amqp_url: str) -> dict[str, int]:
    """Return how much waits in the queues of the system."""
    async with channel_to(amqp_url) as channel:
        depths = {queue: await ready_in(channel, queue) for queue in QUEUES}
    return {queue: depth for queue, depth in depths.items() if depth}
