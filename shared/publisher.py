"""Publishing to RabbitMQ: a message counts once the broker has confirmed that it holds it.

Below aio-pika's own Message and Exchange, which cost as much again as all the rest of a publish.
"""

import asyncio
import time
from typing import cast

from aio_pika import DeliveryMode
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError, PublishError
from aiormq import Channel
from pamqp.commands import Basic

from shared.broker import TRACE_HEADER, BrokerConnection, loss_is_an_error
from shared.errors import BrokerUnavailable, NotTaken
from shared.metrics import CONFIRM_SECONDS, PUBLISH_FAILURES
from shared.patience import Patience


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
        flushes: bool = True,
        within_seconds: float | None = None,
    ) -> None:
        """Publish one message, or raise `BrokerUnavailable` (the broker may then hold it or not).

        Where the broker is there, that is a `NotTaken`. `within_seconds` is a shorter time to confirm in than usual.

        `message_id` must be unique: the broker's returns are matched by it. A `mandatory` message that reaches no queue
        is not taken; one that is not goes to whoever has bound a queue, which may be nobody. `trace` is the traceparent
        that goes with it, as a header.

        One that `flushes` keeps those behind it back until the socket has room again. Of many at once some must: they
        bound what gathers in memory while the broker reads nothing.
        """
        properties = Basic.Properties(
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=message_id,
            content_type=content_type,
            message_type=message_type,
            reply_to=reply_to,
            headers=None if trace is None else {TRACE_HEADER: trace},
        )
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(within_seconds or self._timeout_seconds):
                channel = await self._connection.channel()
                with loss_is_an_error():
                    if channel.is_closed:
                        raise ChannelInvalidStateError("the channel is closed")
                    underlay = cast("Channel", await channel.get_underlay_channel())
                    await underlay.basic_publish(
                        body,
                        exchange=exchange,
                        routing_key=routing_key,
                        properties=properties,
                        mandatory=mandatory,
                        wait=flushes,
                    )
        except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
            raise self._failure(message_type, begun, error) from error
        self._patience.succeeded(message_type)
        self._confirmed.observe(time.perf_counter() - begun)

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
