"""Anyone's consumer: a durable queue bound to all events, read at the end."""

from collections import Counter
from typing import Final
from uuid import UUID

import aio_pika

from tests.faults.stack import NAMES
from tests.queues import channel_to, ready_in

_QUEUE: Final = "faults.events"
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
    """Return how often each event has come, and forget it."""
    seen: Counter[UUID] = Counter()
    async with channel_to(amqp_url) as channel:
        queue = await channel.get_queue(_QUEUE, ensure=False)
        last: aio_pika.abc.AbstractIncomingMessage | None = None
        while (message := await queue.get(fail=False, timeout=10)) is not None:
            seen[UUID(message.message_id)] += 1
            last = message
        if last is not None:
            await last.ack(multiple=True)
    return seen


async def waiting_in_queues(amqp_url: str) -> dict[str, int]:
    """Return how much waits in the queues of the system."""
    async with channel_to(amqp_url) as channel:
        depths = {queue: await ready_in(channel, queue) for queue in QUEUES}
    return {queue: depth for queue, depth in depths.items() if depth}
