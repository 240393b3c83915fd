"""Memory of each process while many orders go through: flat, or not."""

from typing import Final

from tests.bench.contenders import Fleet, ours
from tests.bench.ground import Ground
from tests.bench.loading import measure
from tests.bench.meter import Meter
from tests.bench.results import Result, Value
from tests.bench.scale import Scale
from tests.bench.scenarios import Say

TITLE: Final = "memory over many orders"
STEPS: Final = 6
EACH: Final = 100
_MOST_GROWTH_MIB: Final = 24.0
"""From the second step on: what a process first needs, and what its allocator keeps, is no leak."""


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Send orders in steps, and look after each."""
    found: list[dict[str, float]] = []
    step = scale.memory_orders // STEPS
    async with ours(ground, Fleet()) as running:
        for number in range(STEPS):
            say(f"{(number + 1) * step:,} orders")
            await measure(
                ground,
                running,
                kind="new",
                connections=16,
                seconds=600.0,
                requests=step // EACH,
                each=EACH,
                first=number * step,
            )
            found.append(Meter(running.pids).memory_mib())
    rows = []
    for name in found[0]:
        values: dict[str, Value] = {
            f"MiB after {(number + 1) * step:,}": one[name]
            for number, one in enumerate(found)
            if number in (0, 1, 3, 5)
        }
        growth = found[-1][name] - found[1][name]
        values["growth MiB"] = growth
        rows.append(
            Result(
                scenario=TITLE,
                case="this system",
                contender=name,
                values=values,
                goal=f"<= {_MOST_GROWTH_MIB:g} MiB more",
                is_met=growth <= _MOST_GROWTH_MIB,
            )
        )
    return rows
