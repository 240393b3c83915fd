"""The relay: how fast a full outbox goes out to the exchange, beside as many confirmed publishes with nothing else."""

import asyncio
import time
from typing import Final
from uuid import uuid4

import aio_pika

from shared.contracts import Event
from shared.database import Database
from shared.outbox import add_to_outbox
from shared.topology import Names
from tests.bench.contenders import Fleet, delete_queues, programs
from tests.bench.ground import Ground, wait_for_value
from tests.bench.loading import STUCK_SECONDS
from tests.bench.meter import Meter
from tests.bench.results import Result, median
from tests.bench.scale import Scale
from tests.bench.scenarios import Say

TITLE: Final = "relay"
_ALONE: Final = Fleet(gateways=0, workers=0, relays=1, notifiers=0)
_SENT: Final = "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL"
_DATA: Final = {"order": {"id": str(uuid4()), "customerName": "Architectenbureau De Groot", "padding": "x" * 700}}
_AT_ONCE: Final = 200


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Measure both, taking turns."""
    carried: list[float] = []
    published: list[float] = []
    cpu: dict[str, float] = {}
    for number in range(scale.rounds):
        say(f"round {number + 1}: a full outbox")
        rate, cpu = await _carry(ground, scale.events)
        carried.append(rate)
        say(f"round {number + 1}: confirmed publishes alone")
        published.append(await _publish(ground, scale.events))
    case = f"{scale.events:,} events of 1 kB"
    return [
        Result(scenario=TITLE, case=case, contender="bugalou", values={"events/s": median(carried)}, cpu=cpu),
        Result(
            scenario=TITLE,
            case=case,
            contender=f"{_AT_ONCE} confirmed publishes at a time",
            values={"events/s": median(published)},
            ratio=median(carried) / median(published),
        ),
    ]


async def _carry(ground: Ground, count: int) -> tuple[float, dict[str, float]]:
    prefix = f"bench-{uuid4().hex}"
    async with ground.database(migrated=True) as url:
        database = Database(url, purpose="bench", most=1)
        await database.open()
        try:
            for _ in range(count // 500):
                async with database.transaction() as connection:
                    await add_to_outbox(connection, [(_event(), None) for _ in range(500)])
        finally:
            await database.close()
        try:
            with ground.running(programs(ground, _ALONE, url, prefix)) as pids:
                meter = Meter({**pids, **ground.servers})
                began = await wait_for_value(url, _SENT, 1, STUCK_SECONDS)
                ended = await wait_for_value(url, _SENT, count, STUCK_SECONDS)
                cpu = {name: used * 1e6 / count for name, used in meter.cpu_seconds().items()}
        finally:
            await delete_queues(ground, prefix)
    return count / (ended - began), cpu


def _event() -> Event:
    return Event(uuid4(), "order.created", "2026-11-22T09:30:00Z", uuid4(), True, _DATA)


async def _publish(ground: Ground, count: int) -> float:
    connection = await aio_pika.connect(ground.amqp_url, timeout=30)
    async with connection, connection.channel(publisher_confirms=True) as channel:
        name = Names(f"bench-{uuid4().hex}").events
        exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)
        try:
            began = time.perf_counter()
            for _ in range(count // _AT_ONCE):
                await asyncio.gather(
                    *(
                        exchange.publish(
                            aio_pika.Message(bytes(1000), delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                            "order.created",
                            mandatory=False,
                        )
                        for _ in range(_AT_ONCE)
                    )
                )
            return count / (time.perf_counter() - began)
        finally:
            await exchange.delete()
