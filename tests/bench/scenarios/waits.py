"""Prefer: wait: the answer comes once the order is stored, and holds the whole merged order."""

from contextlib import AsyncExitStack
from typing import Final

from tests.bench import contenders
from tests.bench.contenders import Name
from tests.bench.ground import Ground
from tests.bench.loading import Measured, measure
from tests.bench.results import Result, median
from tests.bench.scale import Scale
from tests.bench.scenarios import Say

TITLE: Final = "Prefer: wait (answered once stored)"
CONNECTIONS: Final = (1, 64, 256)


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Measure beside a peer that stores before it answers, as it always does."""
    names: tuple[Name, ...] = ("bugalou", "FastAPI + asyncpg")
    found: dict[tuple[int, Name], list[Measured]] = {}
    async with AsyncExitStack() as stack:
        running = {name: await stack.enter_async_context(contenders.run(name, ground)) for name in names}
        for connections in CONNECTIONS:
            for number in range(scale.rounds):
                for name in names:
                    say(f"{connections} connections, round {number + 1}: {name}")
                    measured = await measure(
                        ground,
                        running[name],
                        kind="new",
                        connections=connections,
                        seconds=scale.seconds,
                        wait=name == "bugalou",
                    )
                    found.setdefault((connections, name), []).append(measured)
    return [_row(connections, name, rounds, found) for (connections, name), rounds in found.items()]


def _row(connections: int, name: Name, rounds: list[Measured], found: dict[tuple[int, Name], list[Measured]]) -> Result:
    rate = median(one.accepted_per_second for one in rounds)
    ours = median(one.accepted_per_second for one in found[connections, "bugalou"])
    return Result(
        scenario=TITLE,
        case=f"{connections} connections",
        contender=name,
        values={
            "stored/s": rate,
            "p50 ms": median(one.outcome.latency["p50"] for one in rounds),
            "p99 ms": median(one.outcome.latency["p99"] for one in rounds),
            "CPU us/order": median(sum(one.cpu_microseconds().values()) for one in rounds),
        },
        cpu=rounds[-1].cpu_microseconds(),
        ratio=None if name == "bugalou" else ours / rate,
    )
