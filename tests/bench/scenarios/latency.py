"""How long one request takes: alone, and beside others at a steady rate (open loop); and what a publish alone does."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Final
from uuid import uuid4

import aio_pika

from tests.bench import contenders
from tests.bench.contenders import FLOOR, PEERS, Name
from tests.bench.ground import Ground
from tests.bench.loading import Measured, measure
from tests.bench.results import Result, Value, median
from tests.bench.scale import Scale
from tests.bench.scenarios import Say

TITLE: Final = "latency (open loop)"
ALONE: Final = 20.0
RATES: Final = (ALONE, 300.0)
_MOST_RATIO: Final = 3.0
_PUBLISH: Final = "a bare confirmed publish"


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Measure latencies from the moment at which each request should have left."""
    names: tuple[Name, ...] = ("bugalou", *PEERS, FLOOR)
    found: dict[tuple[float, str], list[dict[str, float]]] = {}
    async with AsyncExitStack() as stack:
        running = {name: await stack.enter_async_context(contenders.run(name, ground)) for name in names}
        for one in running.values():
            await measure(ground, one, kind="new", connections=16, seconds=1.0)
        for rate in RATES:
            for number in range(scale.rounds):
                for name in names:
                    say(f"{rate:g} a second, round {number + 1}: {name}")
                    measured: Measured = await measure(
                        ground,
                        running[name],
                        kind="new",
                        connections=1 if rate == ALONE else 256,
                        seconds=scale.seconds,
                        rate=rate,
                    )
                    found.setdefault((rate, name), []).append(measured.outcome.latency)
                if rate == ALONE:
                    say(f"{rate:g} a second, round {number + 1}: {_PUBLISH}")
                    found.setdefault((rate, _PUBLISH), []).append(await _publishes(ground, rate, scale.seconds))
    return [_row(rate, name, rounds, found) for (rate, name), rounds in found.items()]


def _row(
    rate: float, name: str, rounds: list[dict[str, float]], found: dict[tuple[float, str], list[dict[str, float]]]
) -> Result:
    values: dict[str, Value] = {
        f"{percentile} ms": median(one[percentile] for one in rounds) for percentile in ("p50", "p90", "p99", "max")
    }
    p50 = median(one["p50"] for one in rounds)
    ours = median(one["p50"] for one in found[rate, "bugalou"])
    is_goal = name == _PUBLISH
    return Result(
        scenario=TITLE,
        case="one at a time" if rate == ALONE else f"{rate:g} requests/s",
        contender=name,
        values=values,
        # Of latencies, below 1 is better: ours over theirs.
        ratio=None if name == "bugalou" else ours / p50,
        goal=f"<= {_MOST_RATIO:g}x of its p50" if is_goal else None,
        is_met=ours <= _MOST_RATIO * p50 if is_goal else None,
    )


async def _publishes(ground: Ground, rate: float, seconds: float) -> dict[str, float]:
    """Publish to a quorum queue at the pace of the requests, each confirmed before the next: milliseconds.

    At full speed a publish takes less: nothing has gone to sleep or cold in between.
    """
    connection = await aio_pika.connect(ground.amqp_url, timeout=30)
    took: list[float] = []
    async with connection, connection.channel(publisher_confirms=True) as channel:
        name = f"bench-{uuid4().hex}"
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        try:
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                began = time.perf_counter()
                message = aio_pika.Message(bytes(600), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await channel.default_exchange.publish(message, name)
                took.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(max(0.0, 1 / rate - (time.perf_counter() - began)))
        finally:
            await channel.queue_delete(name)
    took.sort()
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
    return {**{name: took[int(part * (len(took) - 1))] for name, part in at.items()}, "max": took[-1]}
