"""No harm at all, and what the broker itself may do: every message handed over twice, in any order."""

from typing import Final

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage

from tests.faults.stack import NAMES
from tests.faults.trial import Scenario, Trial
from tests.queues import channel_to


async def _doubled_and_shuffled(trial: Trial) -> None:
    """While no worker is there, every message is taken out and put back twice, in another order."""
    stack = trial.stack
    workers = stack.names_of("worker")
    for name in workers:
        await stack.hold(name)
    await trial.progress(300)
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


SCENARIOS: Final = (
    Scenario("nothing happens", _nothing, pairs=False),
    Scenario("messages doubled and shuffled", _doubled_and_shuffled, pairs=False, quick=True),
)
