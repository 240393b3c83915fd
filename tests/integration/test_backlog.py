"""What waits for the workers, as the gateway sees it: counted, limited, and noticed to be silent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika

from shared.broker import BrokerConnection
from shared.topology import Names
from tests.gateways import SEED, running_gateway
from tests.polling import eventually
from tests.proxy import Proxy
from tests.queues import channel_to
from tests.running import running
from tests.tenant import Tenant


async def test_depth_is_what_the_broker_counts_now(amqp_url: str, amqp_prefix: str) -> None:
    names = Names(amqp_prefix)
    connection = BrokerConnection(amqp_url, names, "test")

    @asynccontextmanager
    async def graph() -> AsyncIterator[tuple[BrokerConnection]]:
        yield (connection,)

    async with running(graph()), channel_to(amqp_url) as channel:
        await connection.channel()
        for expected in (0, 1, 2):

            async def counted(expected: int = expected) -> bool:
                return await connection.depth(names.submissions) == expected

            await eventually(counted, what=f"{expected} messages are counted")
            await channel.default_exchange.publish(_message(), names.submissions)


async def test_backlog_above_its_limit_is_answered_503_until_it_is_gone(
    account: Tenant, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    given = {"database_url": database_url, "amqp_url": amqp_url, "amqp_prefix": amqp_prefix}
    async with (
        running_gateway(account.live.key, **given, GATEWAY_BACKLOG_SUBMISSIONS=1) as gateway,
        channel_to(amqp_url) as channel,
    ):
        for _ in range(3):
            await channel.default_exchange.publish(_message(), Names(amqp_prefix).submissions)

        async def answered(status: int) -> bool:
            answer = await gateway.post(SEED)
            return answer.status == status and (status == 202 or int(answer.headers["Retry-After"]) >= 1)

        async def refused() -> bool:
            return await answered(503)

        async def accepted() -> bool:
            return await answered(202)

        await eventually(refused, what="submissions are asked to come back")
        queue = await channel.get_queue(Names(amqp_prefix).submissions)
        await queue.purge()
        await eventually(accepted, what="submissions are taken again")


async def test_gateway_whose_broker_is_frozen_is_not_ready(
    account: Tenant, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    async with Proxy(amqp_url) as rabbitmq:
        given = {"database_url": database_url, "amqp_url": rabbitmq.url, "amqp_prefix": amqp_prefix}
        async with running_gateway(account.live.key, **given) as gateway:

            async def ready(status: int) -> bool:
                return (await gateway.ask("GET", "/readyz")).status == status

            async def is_ready() -> bool:
                return await ready(200)

            async def is_not_ready() -> bool:
                return await ready(503)

            await eventually(is_ready)
            rabbitmq.stall()
            await eventually(is_not_ready, what="the frozen broker is noticed")
            await rabbitmq.restore()
            await eventually(is_ready, within=60, what="the broker is seen again")


def _message() -> aio_pika.Message:
    return aio_pika.Message(b"waits", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
