"""No harm at all, and what the broker itself may do: every message handed over twice, in any order."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage

from tests.faults.orders import Orders
from tests.faults.stack import NAMES
from tests.faults.trial import Scenario, Trial
from tests.faults.writer import Call
from tests.queues import channel_to


async def _doubled_and_shuffled(trial: Trial) -> None:
    """While no worker is there, every message is taken out and put back twice, in another order."""
    stack = trial.stack
    workers = stack.names_of("worker")
    for name in workers:
        await stack.hold(name)
    await trial.progress(150)
    async with channel_to(stack.rabbitmq.url) as channel:
        queue = await channel.get_queue(NAMES.submissions, ensure=False)
        taken: list[AbstractIncomingMessage] = []
        while (message := await queue.get(fail=False, timeout=10)) is not None and len(taken) < 2000:
            taken.append(message)
        again = [*taken, *taken]
        trial.random.shuffle(again)
        for one in again:
            copy = Message(
                one.body,
                delivery_mode=DeliveryMode.PERSISTENT,
                message_id=one.message_id,
                content_type=one.content_type,
                type=one.type,
                reply_to=one.reply_to,
            )
            await channel.default_exchange.publish(copy, NAMES.submissions)
        for one in taken:
            await one.ack()
    for name in workers:
        await stack.give(name)


async def _nothing(trial: Trial) -> None:
    await trial.progress(300)


def _many(count: int) -> Callable[[Trial], Awaitable[None]]:
    async def play(trial: Trial) -> None:
        """So many updates in batches, each batch twice, with its key or plainly, all of it shuffled."""
        orders = Orders(trial.random, None, count=count // 4, prefix="BULK")
        updates = [orders.update() for _ in range(count)]
        calls = [
            Call(updates[start : start + _BATCH], str(uuid4()) if trial.random.random() < 0.5 else None, batch=True)
            for start in range(0, count, _BATCH)
        ]
        calls += calls
        trial.random.shuffle(calls)
        await trial.writer.deliver(calls, concurrent=8)

    return play


_BATCH: Final = 50

SCENARIOS: Final = (
    Scenario("two thousand orders doubled and shuffled", _many(2_000), pairs=False, quick=True),
    Scenario("ten thousand orders doubled and shuffled", _many(10_000), pairs=False),
    Scenario("nothing happens", _nothing, pairs=False),
    Scenario("messages doubled and shuffled", _doubled_and_shuffled, pairs=False, quick=True),
)
