"""RabbitMQ in two nouns: a connection, and deliveries that are acknowledged last (`shared.publisher` is the third).

With the topology and the cluster the only user of aio-pika. Its traps, handled here once: a publish without a deadline
can wait for ever; one in flight when the connection is lost may end in a bare CancelledError; nothing is replayed after
a reconnection; an acknowledgement on a channel that is gone must not fail, since the broker delivers again by itself.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from aio_pika import Channel
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue, AbstractRobustChannel
from aio_pika.exceptions import (
    AMQPError,
    ChannelInvalidStateError,
    ChannelPreconditionFailed,
    ProbableAuthenticationError,
)

from shared.certificates import blame_setting
from shared.cluster import ClusterConnection, nodes_of
from shared.errors import BrokerUnavailable, Misconfigured
from shared.metrics import BROKER_CONNECTED, DELIVERED, REDELIVERED, watch
from shared.telemetry import log
from shared.topology import Names, declare

HEARTBEAT_SECONDS: Final = 10
RECONNECT_SECONDS: Final = 1
CONNECT_SECONDS: Final = 5
DECLARE_SECONDS: Final = 3
"""A cluster of which one node hangs answers no declaration, and takes and hands out messages all the same."""
DEPTH_SECONDS: Final = 2
TRACE_HEADER: Final = "traceparent"
_UNUSABLE: Final = (ChannelPreconditionFailed, ProbableAuthenticationError)


@contextmanager
def loss_is_an_error() -> Iterator[None]:
    """Raise ConnectionError where a request ends in a bare CancelledError, its connection lost and nobody cancelling.

    Let through, it would end a component as if that were being stopped, and the process would live on without it.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ConnectionError("the connection was lost") from error


class BrokerConnection:
    """One connection and one channel with confirms, kept alive for the life of the process; a component.

    `url` is one node's address, or those of a cluster's nodes with commas between. Use one connection to publish and
    another to consume: a broker that holds back publishers stops reading their connection.
    """

    def __init__(self, url: str, names: Names, purpose: str) -> None:
        self._names = names
        self.purpose = purpose
        options = {
            "name": purpose,
            "heartbeat": str(HEARTBEAT_SECONDS),
            "fail_fast": "1",  # so that the first attempt tells what is wrong; it is made again by `_open`
            "reconnect_interval": str(RECONNECT_SECONDS),
        }
        self._nodes = nodes_of(url, options)
        self._connection: ClusterConnection | None = None
        self._channel: AbstractRobustChannel | None = None
        self._opened = asyncio.Event()
        self._stopping = asyncio.Event()
        self._leaving: asyncio.Task[None] | None = None
        watch(BROKER_CONNECTED, lambda: float(self.is_ready), purpose)

    async def run(self) -> None:
        """Connect, however long it takes; declare the topology; hold the connection until stopped."""
        opening = asyncio.ensure_future(self._open())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((opening, stopping), return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                opening.result()
            await stopping
        finally:
            opening.cancel()
            stopping.cancel()
            if self._leaving is not None:
                self._leaving.cancel()
            if self._connection is not None:
                await self._connection.close()

    def stop(self) -> None:
        """Let `run` close the connection; whoever uses it must have finished."""
        self._stopping.set()

    async def _open(self) -> None:
        while not self._opened.is_set():
            try:
                # Not `connect_robust`: cancelled while it connects, it leaves a task behind that nothing can end.
                self._connection = connection = ClusterConnection(self._nodes)
                with loss_is_an_error():
                    await connection.connect(timeout=CONNECT_SECONDS)
                    await self._declare(connection)
                    async with asyncio.timeout(CONNECT_SECONDS):
                        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                connection.prepare = partial(self._declare_again, connection)
                self._channel = channel
                self._opened.set()
                log.info("broker.connected", purpose=self.purpose)
            except _UNUSABLE as error:
                raise Misconfigured(f"RabbitMQ refuses this service: {type(error).__name__}: {error}") from error
            except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
                blame_setting(error, "AMQP_URL", "RabbitMQ", "?cafile=FILE")
                log.warning("broker.unreachable", error=type(error).__name__)
                if self._connection is not None:
                    await self._connection.close()
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _declare(self, connection: ClusterConnection) -> None:
        """Declare the topology, if the broker answers; what there is of it serves where it does not.

        On a channel of its own, which the library never opens again: there, a declaration would have no end.
        """
        try:
            async with asyncio.timeout(DECLARE_SECONDS):
                channel = Channel(connection, publisher_confirms=False)
                await channel.initialize()
                await declare(channel, self._names)
                await channel.close()
        except TimeoutError:
            log.warning("topology.not_declared", purpose=self.purpose, reason="RabbitMQ does not answer in time")

    async def _declare_again(self, connection: ClusterConnection) -> None:
        """Declare on a connection that was made anew: the broker may be another one, and empty."""
        try:
            await self._declare(connection)
        except (AMQPError, OSError, RuntimeError) as error:
            log.warning("topology.not_declared", purpose=self.purpose, reason=f"{type(error).__name__}: {error}")

    def renew(self, reason: str) -> None:
        """Give up the connection that stands for another one, on another node if there are several.

        What is on its way over it fails; consumers of it go on over the new one.
        """
        if self._connection is None or (self._leaving is not None and not self._leaving.done()):
            return
        log.warning("broker.given_up", purpose=self.purpose, reason=reason)
        self._leaving = asyncio.ensure_future(self._connection.leave())

    @property
    def is_ready(self) -> bool:
        """Whether a publish now has a chance: connected, and the channel open."""
        connection, channel = self._connection, self._channel
        return (
            self._opened.is_set()
            and connection is not None
            and channel is not None
            and connection.connected.is_set()
            and not connection.reconnecting
            and not channel.is_closed
        )

    async def depth(self, queue: str) -> int:
        """Return how many messages wait in a queue, or raise `BrokerUnavailable`.

        Asked of the broker on a channel of its own: the robust channel answers for a queue that it knows with its first
        depth, and a question that is cancelled, or a queue that is gone, closes the channel that asked.
        """
        connection = self._connection
        transport = connection.transport if connection is not None else None
        if transport is None or not self.is_ready:
            raise BrokerUnavailable("the broker is away")
        try:
            async with asyncio.timeout(DEPTH_SECONDS):
                with loss_is_an_error():
                    channel = await transport.connection.channel(publisher_confirms=False)
                    try:
                        found = await channel.queue_declare(queue, passive=True)
                    finally:
                        await channel.close()
        except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
            raise BrokerUnavailable(f"the broker is away ({type(error).__name__})") from error
        return found.message_count or 0

    async def channel(self) -> AbstractRobustChannel:
        """Return the channel once it has been opened for the first time."""
        await self._opened.wait()
        if self._channel is None:
            raise BrokerUnavailable("the broker's channel is not open")
        return self._channel


class Delivery:
    """One message that the broker waits to see acknowledged; unacknowledged, it comes again."""

    def __init__(self, message: AbstractIncomingMessage) -> None:
        self._message = message
        self.body = message.body
        self.reply_to = message.reply_to
        count = message.headers.get("x-delivery-count", 0)
        self.redeliveries = count if isinstance(count, int) else 0
        trace = message.headers.get(TRACE_HEADER)
        self.trace = trace if isinstance(trace, str) else None

    async def ack(self) -> None:
        """Tell the broker that the message is done; its effects must be durable by now."""
        try:
            await self._message.ack()
        except (AMQPError, ChannelInvalidStateError, OSError, RuntimeError) as error:
            log.info("delivery.ack_lost", error=type(error).__name__)


class Consumer:
    """Hands each delivery of a queue to a callback that only enqueues; a component.

    `prefetch` bounds how many unacknowledged deliveries this process holds. With `private_to` the queue is made by this
    consumer, goes with its connection, and is bound to that fanout exchange.
    """

    def __init__(
        self,
        connection: BrokerConnection,
        queue: str,
        *,
        prefetch: int,
        accept: Callable[[Delivery], None],
        private_to: str | None = None,
    ) -> None:
        self._connection = connection
        self._queue = queue
        self._prefetch = prefetch
        self._accept = accept
        self._private_to = private_to
        self._delivered = DELIVERED.labels(connection.purpose)
        self._redelivered = REDELIVERED.labels(connection.purpose)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Consume until stopped, then cancel the subscription; what was delivered may still be acknowledged."""
        opening = asyncio.ensure_future(self._subscribe())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((opening, stopping), return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                unsubscribe = opening.result()
                await stopping
                await unsubscribe.cancel()
        finally:
            opening.cancel()
            stopping.cancel()

    def stop(self) -> None:
        """Take no more deliveries."""
        self._stopping.set()

    async def _subscribe(self) -> "_Subscription":
        """Subscribe, however often the connection is lost meanwhile; from then on it comes back by itself."""
        while True:
            channel = await self._connection.channel()
            try:
                with loss_is_an_error():
                    return await self._subscribe_on(channel)
            except _UNUSABLE as error:
                raise Misconfigured(f"RabbitMQ refuses to let this service consume: {error}") from error
            except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
                log.warning("consumer.lost", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _subscribe_on(self, channel: AbstractRobustChannel) -> "_Subscription":
        await channel.set_qos(prefetch_count=self._prefetch)
        if self._private_to is not None:
            queue: AbstractQueue = await channel.declare_queue(self._queue, exclusive=True, auto_delete=True)
            await queue.bind(self._private_to)
        else:
            # Ensured, it is the channel's own declared queue, whose consumers come back after a reconnection.
            queue = await channel.get_queue(self._queue, ensure=True)
        tag = await queue.consume(self._on_message)
        return _Subscription(queue, tag)

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        self._delivered.inc()
        if message.redelivered:
            self._redelivered.inc()
        self._accept(Delivery(message))


class _Subscription:
    def __init__(self, queue: AbstractQueue, tag: str) -> None:
        self._queue = queue
        self._tag = tag

    async def cancel(self) -> None:
        """End the subscription, if the connection still stands."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._queue.cancel(self._tag)
        except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
            log.info("consumer.cancel_lost", error=type(error).__name__)
