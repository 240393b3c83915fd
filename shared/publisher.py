"""Publishing to RabbitMQ: a message counts once the broker has confirmed that it holds it.

Below aio-pika's own Message and Exchange, which cost as much again as all the rest of a publish.
"""

import asyncio
import time
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final, cast

from aio_pika import DeliveryMode
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError, PublishError
from aiormq import Channel
from msgspec import Struct
from pamqp.commands import Basic

from shared.broker import TRACE_HEADER, BrokerConnection, loss_is_an_error
from shared.errors import BrokerUnavailable, NotTaken
from shared.metrics import CONFIRM_SECONDS, PUBLISH_FAILURES
from shared.patience import Patience
from shared.traces import child

TURN_MESSAGES: Final = 10
"""The library's queue to the socket holds so many. Where more are put there at once, the rest wait for its lock one by
one; where its writer has its turn first, none does."""
FLUSH_BYTES: Final = 262_144
"""Of so much that is published at once, one message waits until the socket has room, and those behind it with it: what
gathers in memory while the broker reads nothing is bounded by that."""
_FAILURES: Final = (AMQPError, OSError, TimeoutError, RuntimeError)


class Message(Struct, frozen=True):
    """One of many messages; as the parameters of `publish`, but for `trace`: its span's parent."""

    body: bytes
    routing_key: str
    message_id: str
    content_type: str
    message_type: str
    mandatory: bool
    trace: str | None


class Publisher:
    """Publishes persistent messages; returns after the broker has confirmed that it holds them.

    It heals itself: a channel that takes nothing is given up for one on another node. RabbitMQ's channel keeps what it
    knows of a queue's leader: opened just after that died, it may refuse every message until the dead node is back,
    while channels beside it work.
    """

    def __init__(self, connection: BrokerConnection, *, timeout_seconds: float) -> None:
        self._connection = connection
        self._timeout_seconds = timeout_seconds
        self._patience = Patience()
        self._confirmed = CONFIRM_SECONDS.labels(connection.purpose)

    async def publish(
        self,
        body: bytes,
        *,
        routing_key: str,
        exchange: str = "",
        message_id: str,
        content_type: str,
        message_type: str,
        reply_to: str | None = None,
        mandatory: bool = True,
        trace: str | None = None,
    ) -> None:
        """Publish one message, or raise `BrokerUnavailable` (the broker may then hold it or not).

        Where the broker is there, that is a `NotTaken`.

        `message_id` must be unique: the broker's returns are matched by it. A `mandatory` message that reaches no queue
        is not taken; one that is not goes to whoever has bound a queue, which may be nobody. `trace` is the traceparent
        that goes with it, as a header.
        """
        properties = _properties(message_id, content_type, message_type, trace, reply_to)
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                with loss_is_an_error():
                    channel = await self._channel()
                    await channel.basic_publish(
                        body, exchange=exchange, routing_key=routing_key, properties=properties, mandatory=mandatory
                    )
        except _FAILURES as error:
            raise self._failure(message_type, begun, error) from error
        self._patience.succeeded(message_type)
        self._confirmed.observe(time.perf_counter() - begun)

    async def publish_all(
        self, messages: Sequence[Message], *, exchange: str, within_seconds: float | None = None
    ) -> list[BaseException | None]:
        """Publish many at once; return of each, in order, None where it is confirmed, else what `publish` raises.

        `within_seconds` is a shorter time to confirm in than usual.
        """
        begun = time.perf_counter()
        tasks: list[asyncio.Task[None]] = []
        cause: Exception | None = None
        try:
            async with asyncio.timeout(within_seconds or self._timeout_seconds):
                with loss_is_an_error():
                    channel = await self._channel()
                    await self._begin(messages, channel, exchange, begun, tasks)
                    if tasks:
                        await asyncio.wait(tasks)
        except _FAILURES as error:
            cause = error
        finally:
            late = {task for task in tasks if not task.done()}
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        return [
            self._outcome(message, begun, cause if task is None or task in late else _error_of(task))
            for message, task in zip_longest(messages, tasks)
        ]

    async def _begin(
        self,
        messages: Sequence[Message],
        channel: Channel,
        exchange: str,
        begun: float,
        tasks: list[asyncio.Task[None]],
    ) -> None:
        """Put messages on their way, each in a task that ends with its confirm, as fast as the socket takes them."""
        unflushed = FLUSH_BYTES
        for number, message in enumerate(messages, 1):
            flushes = unflushed >= FLUSH_BYTES
            unflushed = len(message.body) + (0 if flushes else unflushed)
            publish = self._publish_one(message, channel, exchange, begun, flushes=flushes)
            tasks.append(asyncio.create_task(publish))
            if flushes or number % TURN_MESSAGES == 0:
                await asyncio.sleep(0)
            if flushes:
                async with channel.lock:  # which that message holds until the socket has room
                    pass

    async def _publish_one(
        self, message: Message, channel: Channel, exchange: str, begun: float, *, flushes: bool
    ) -> None:
        with child(f"publish {message.message_type}", message.trace, kind="producer") as trace:
            await channel.basic_publish(
                message.body,
                exchange=exchange,
                routing_key=message.routing_key,
                properties=_properties(message.message_id, message.content_type, message.message_type, trace),
                mandatory=message.mandatory,
                wait=flushes,
            )
        self._confirmed.observe(time.perf_counter() - begun)

    def _outcome(self, message: Message, begun: float, error: BaseException | None) -> BaseException | None:
        if error is None:
            self._patience.succeeded(message.message_type)
        return self._failure(message.message_type, begun, error) if isinstance(error, _FAILURES) else error

    async def _channel(self) -> Channel:
        channel = await self._connection.channel()
        if channel.is_closed:
            raise ChannelInvalidStateError("the channel is closed")
        return cast("Channel", await channel.get_underlay_channel())

    def _failure(self, message_type: str, begun: float, error: Exception) -> BrokerUnavailable:
        """Return what a failed publish is to its caller; take another connection where it was one too many."""
        match error:
            case DeliveryError():
                cause = "returned" if isinstance(error, PublishError) else "refused"
            case TimeoutError():
                cause = "timeout"
            case _:
                cause = "lost"
        PUBLISH_FAILURES.labels(self._connection.purpose, cause).inc()
        if cause == "lost" or not self._connection.is_ready:
            return BrokerUnavailable(f"the broker is away ({type(error).__name__})")
        if self._patience.failed(message_type, begun, time.perf_counter(), is_refused=cause != "timeout"):
            self._connection.renew(f"{message_type}: {cause}")
        return NotTaken(f"the broker did not take the message ({cause})")


def _properties(
    message_id: str, content_type: str, message_type: str, trace: str | None, reply_to: str | None = None
) -> Basic.Properties:
    return Basic.Properties(
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=message_id,
        content_type=content_type,
        message_type=message_type,
        reply_to=reply_to,
        headers=None if trace is None else {TRACE_HEADER: trace},
    )


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    """Return what a publish that has ended raised; a lost connection ends it as if somebody had cancelled it."""
    return ConnectionError("the connection was lost") if task.cancelled() else task.exception()
