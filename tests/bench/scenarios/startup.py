"""From nothing to ready: each service, and the peers' servers."""

import asyncio
import time
from typing import Final

from tests.bench import contenders
from tests.bench.contenders import PEERS, Fleet, Name
from tests.bench.ground import Ground
from tests.bench.results import Result, median
from tests.bench.scale import Scale
from tests.bench.scenarios import Say

TITLE: Final = "start-up, servers running"


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Measure from the start of the processes to the first 200 of their readiness."""
    names: tuple[Name, ...] = ("bugalou", *PEERS)
    took: dict[Name, list[float]] = {name: [] for name in names}
    for number in range(scale.rounds):
        for name in names:
            say(f"round {number + 1}: {name}")
            began = time.perf_counter()
            async with contenders.run(name, ground, Fleet(gateways=1)):
                took[name].append(time.perf_counter() - began)
            await asyncio.sleep(0)
    return [
        Result(
            scenario=TITLE,
            case="a fresh database and one server ready",
            contender=name,
            values={"seconds": median(seconds)},
        )
        for name, seconds in took.items()
    ]
