"""Looking into RabbitMQ from a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import msgspec
from aio_pika.abc import AbstractChannel

from shared.broker import BrokerConnection
from shared.contracts import Event, Submission, SubmissionBatch
from shared.topology import Names
from tests.polling import eventually

_decode_batch = msgspec.msgpack.Decoder(SubmissionBatch).decode
_decode_event = msgspec.json.Decoder(Event).decode


@asynccontextmanager
async def channel_to(amqp_url: str) -> AsyncIterator[AbstractChannel]:
    """Give a channel on a connection of its own."""
    connection = await aio_pika.connect(amqp_url, timeout=10)
    async with connection, connection.channel() as channel:
        yield channel


@asynccontextmanager
async def connected(url: str, names: Names) -> AsyncIterator[BrokerConnection]:
    """Give a connection as a service has it, ready to be used."""
    connection = BrokerConnection(url, names, "test")
    running = asyncio.ensure_future(connection.run())
    try:
        await eventually(lambda: connection.is_ready)
        yield connection
    finally:
        connection.stop()
        await asyncio.wait_for(running, 10)


async def ready_in(channel: AbstractChannel, queue: str) -> int:
    """Return how many messages of a queue no consumer holds."""
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0


async def take_submissions(channel: AbstractChannel, queue: str) -> list[Submission]:
    """Take all submissions out of a queue, in order."""
    found: list[Submission] = []
    source = await channel.get_queue(queue, ensure=False)
    while (message := await source.get(fail=False, timeout=10)) is not None:
        found += _decode_batch(message.body).submissions
        await message.ack()
    return found


class Listener:
    """Keeps all events that an exchange passes on from now."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.routing_keys: list[str] = []

    async def on_message(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        async with message.process():
            self.events.append(_decode_event(message.body))
            self.routing_keys.append(message.routing_key or "")


@asynccontextmanager
async def listening(amqp_url: str, exchange: str) -> AsyncIterator[Listener]:
    """Listen to all events of an exchange, through a queue that goes with the connection."""
    listener = Listener()
    async with channel_to(amqp_url) as channel:
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "#")
        await queue.consume(listener.on_message)
        yield listener
