"""Real events are those that their description shows, member for member."""

import msgspec
import pytest
from aio_pika.abc import AbstractIncomingMessage

from services.cli.documents.asyncapi import OrderEvent
from services.console.accounts import Accounts
from services.gateway.examples import NEW_INVOICE, PAYMENT
from shared.contracts import EVENT_TYPES
from shared.topology import Names
from tests.live import running_live
from tests.polling import eventually
from tests.queues import channel_to


@pytest.mark.parametrize("binding", ["#", "*.*.{account}", "payment.paid.*"])
async def test_a_queue_of_ones_own_gets_the_events_as_described(
    accounts: Accounts, database_url: str, amqp_url: str, amqp_prefix: str, binding: str
) -> None:
    account, live, _ = await accounts.create("tells", ["admin"])
    received: list[AbstractIncomingMessage] = []
    async with (
        running_live(live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix) as client,
        channel_to(amqp_url) as channel,
    ):
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(Names(amqp_prefix).events, binding.format(account=account))

        async def keep(message: AbstractIncomingMessage) -> None:
            received.append(message)

        await queue.consume(keep, no_ack=True)
        for order in (NEW_INVOICE, {**PAYMENT, "customerName": "De Groot", "metadata": {"a": "b"}}):
            assert (await client.post(order, Prefer="wait=20")).status in (200, 201)
        await eventually(lambda: "payment.paid" in [message.type for message in received], what="the payment is told")
    for message in received:
        event = msgspec.json.decode(message.body, type=OrderEvent)
        assert msgspec.json.decode(msgspec.json.encode(event)) == msgspec.json.decode(message.body)
        assert (event.account, event.livemode) == (account, True)
        assert message.type == event.type
        assert message.routing_key == f"{event.type}.{account}"
        assert (message.message_id, message.content_type) == (str(event.id), "application/json")
        assert event.type in EVENT_TYPES
    told = {message.type for message in received}
    assert told == (
        {"payment.paid"} if binding == "payment.paid.*" else {"order.created", "order.updated", "payment.paid"}
    )
