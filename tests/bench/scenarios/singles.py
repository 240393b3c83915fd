"""POST /orders, one order a request: as fast as 1, 64 and 256 connections can, contenders taking turns."""

from collections import defaultdict
from contextlib import AsyncExitStack
from typing import Final

from tests.bench import contenders
from tests.bench.contenders import FLOOR, PEERS, Name
from tests.bench.ground import Ground
from tests.bench.loading import Measured, measure
from tests.bench.results import Result, Value, median
from tests.bench.scale import Scale
from tests.bench.scenarios import Say

CONNECTIONS: Final = (1, 64, 256)
_GOALS: Final[dict[tuple[int, str], float]] = {
    (64, "FastAPI + asyncpg"): 3,
    (64, "FastStream"): 8,
    (256, "FastAPI + asyncpg"): 5,
    (256, "FastStream"): 15,
}
TITLE: Final = "single POST"


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Measure new orders; the ratio is this system's stored orders a second over the peer's."""
    names: tuple[Name, ...] = ("bugalou", *PEERS, FLOOR)
    found: dict[tuple[int, Name], list[Measured]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        running = {name: await stack.enter_async_context(contenders.run(name, ground)) for name in names}
        for one in running.values():
            await measure(ground, one, kind="new", connections=16, seconds=1.0)
        for connections in CONNECTIONS:
            for number in range(scale.rounds):
                for name in names:
                    say(f"{connections} connections, round {number + 1}: {name}")
                    measured = await measure(
                        ground, running[name], kind="new", connections=connections, seconds=scale.seconds
                    )
                    found[connections, name].append(measured)
    return [
        row
        for connections in CONNECTIONS
        for row in _rows(connections, {name: found[connections, name] for name in names})
    ]


def _rows(connections: int, found: dict[Name, list[Measured]]) -> list[Result]:
    stored = {name: median(one.stored_per_second for one in rounds) for name, rounds in found.items()}
    accepted = {name: median(one.accepted_per_second for one in rounds) for name, rounds in found.items()}
    rows = []
    for name, rounds in found.items():
        goal = _GOALS.get((connections, name))
        ratio = None if name == "bugalou" else stored["bugalou"] / stored[name]
        burst = None if name == "bugalou" else accepted["bugalou"] / accepted[name]
        values: dict[str, Value] = {
            "answered/s": accepted[name],
            "stored/s": None if name == FLOOR else stored[name],
            "answered ratio": burst,
            "p50 ms": median(one.outcome.latency["p50"] for one in rounds),
            "p99 ms": median(one.outcome.latency["p99"] for one in rounds),
            "CPU us/order": median(sum(one.cpu_microseconds().values()) for one in rounds),
        }
        rows.append(
            Result(
                scenario=TITLE,
                case=f"{connections} connections",
                contender=name,
                values=values,
                cpu=rounds[-1].cpu_microseconds(),
                ratio=ratio if name != FLOOR else burst,
                goal=None if goal is None else f">= {goal:g}x",
                is_met=None if goal is None or ratio is None else ratio >= goal,
            )
        )
    return rows
