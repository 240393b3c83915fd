"""FastStream's subscriber: each message upserts its order, and is acknowledged after that."""

import asyncio
import os

import asyncpg
from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue

from tests.bench.peers.models import UPSERT, Order, row_of

broker = RabbitBroker(os.environ["BENCH_AMQP_URL"], default_channel=Channel(prefetch_count=64))
app = FastStream(broker)
state = {}


@app.on_startup
async def open_pool():
    state["pool"] = await asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=16, max_size=16)


@app.on_shutdown
async def close_pool():
    await state["pool"].close()


@broker.subscriber(RabbitQueue(os.environ["BENCH_QUEUE"], durable=True), ack_policy=AckPolicy.NACK_ON_ERROR)
async def upsert(order: Order):
    async with state["pool"].acquire() as connection:
        await connection.execute(UPSERT, *row_of(order))


if __name__ == "__main__":
    asyncio.run(app.run())
