"""Looking at a RabbitMQ without changing anything in it: its version, its queues, and whether it takes messages."""

import asyncio
import time
from typing import Final

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity, ChannelPreconditionFailed
from msgspec import Struct

from shared.cluster import nodes_of
from shared.errors import BrokerUnavailable
from shared.topology import Names, queues

_SECONDS: Final = 5.0


class QueueSeen(Struct, frozen=True):
    """One queue as it is; `fits` tells whether it has the arguments that it should."""

    messages: int
    consumers: int
    fits: bool


class BrokerSeen(Struct, frozen=True):
    """A broker as it is: None stands for a queue that is missing, and for a message that was not confirmed in time."""

    version: str
    queues: dict[str, QueueSeen | None]
    confirm_seconds: float | None


async def examine(url: str, names: Names) -> BrokerSeen:
    """Return how the broker is, or raise `BrokerUnavailable`."""
    try:
        async with asyncio.timeout(4 * _SECONDS):
            async with await _connect(url) as connection:
                seen = {name: await _queue(connection, name, wanted) for name, wanted in queues(names).items()}
                return BrokerSeen(_version(connection), seen, await _confirm(connection))
    except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
        raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error


async def _connect(url: str) -> AbstractConnection:
    """Return a connection to the first of a cluster's nodes that answers."""
    *others, last = nodes_of(url, {"name": "doctor"})
    for node in others:
        try:
            return await aio_pika.connect(node, timeout=_SECONDS)
        except (AMQPError, OSError, TimeoutError):
            continue
    return await aio_pika.connect(last, timeout=_SECONDS)


async def _queue(connection: AbstractConnection, name: str, wanted: dict[str, str | int]) -> QueueSeen | None:
    # Each question on a channel of its own: a broker answers no by closing it.
    try:
        channel = await connection.channel()
        found = (await channel.declare_queue(name, passive=True)).declaration_result
        await channel.close()
    except ChannelNotFoundEntity:
        return None
    try:
        # Of a queue that exists this only compares.
        channel = await connection.channel()
        await channel.declare_queue(name, durable=True, arguments={**wanted})
        await channel.close()
    except ChannelPreconditionFailed:
        return QueueSeen(found.message_count or 0, found.consumer_count or 0, fits=False)
    return QueueSeen(found.message_count or 0, found.consumer_count or 0, fits=True)


async def _confirm(connection: AbstractConnection) -> float | None:
    """Return how long a confirm takes, in a queue that goes with the connection; None where none comes (an alarm)."""
    channel = await connection.channel(publisher_confirms=True)
    queue = await channel.declare_queue(exclusive=True)
    begun = time.monotonic()
    try:
        async with asyncio.timeout(_SECONDS):
            await channel.default_exchange.publish(aio_pika.Message(b"doctor"), queue.name)
    except TimeoutError:
        return None
    return time.monotonic() - begun


def _version(connection: AbstractConnection) -> str:
    transport = connection.transport
    properties = getattr(transport.connection, "server_properties", {}) if transport is not None else {}
    version = properties.get("version", b"?")
    return version.decode() if isinstance(version, bytes) else str(version)
