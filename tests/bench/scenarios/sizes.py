"""As the tables grow: what a new order and an update cost the worker and Postgres, and how long reads take."""

from typing import Final
from uuid import uuid4

from tests.bench.contenders import Fleet, Running, ours
from tests.bench.fill import PREFIX, fill
from tests.bench.ground import Ground
from tests.bench.load import Task
from tests.bench.loading import fresh_prefix, generate, measure
from tests.bench.orders import Kind
from tests.bench.results import Result, Value
from tests.bench.scale import Scale
from tests.bench.scenarios import Say

TITLE: Final = "as the tables grow"
BATCH: Final = 500
_FLEET: Final = Fleet(gateways=1, workers=1)
_READS: Final = {
    "one order": f"/api/v1/orders/custom/{PREFIX}000000500",
    "list, newest 50": "/api/v1/orders",
    "list, overdue": "/api/v1/orders?paymentStatus=overdue",
    "list, by due date": "/api/v1/orders?sort=dueDate",
    "search": f"/api/v1/orders?q={PREFIX}000000777",
    "overview of a year": "/api/v1/overview",
}
_FLAT: Final = 1.5
"""A cost that grew by half or less from the second size to the last counts as flat on a machine with noise."""


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Fill one database further and further; after each step, write and read."""
    rows: list[Result] = []
    writes: dict[str, list[float]] = {}
    async with ground.database(migrated=True) as url, ours(ground, _FLEET, database_url=url) as running:
        filled = 0
        for size in scale.sizes:
            say(f"{size:,} orders: filling")
            await fill(url, running.account or uuid4(), filled, size)
            filled = size
            await ground.settle()
            case = f"{size:,} orders"
            rows += await _writes(ground, running, size, case, say, writes)
            for name, path in _READS.items():
                say(f"{case}: {name}")
                rows.append(await _read(running, case, name, path))
    for name, costs in writes.items():
        last = next(row for row in reversed(rows) if row.contender == name)
        base = costs[min(1, len(costs) - 1)]
        last.ratio, last.goal, last.is_met = (
            costs[-1] / base,
            f"cost <= {_FLAT}x of 10,000's",
            costs[-1] <= _FLAT * base,
        )
    return rows


async def _writes(
    ground: Ground, running: Running, size: int, case: str, say: Say, costs: dict[str, list[float]]
) -> list[Result]:
    rows = []
    count = 10_000
    # Updates go to orders all over the table, not to those at its end.
    kinds: tuple[tuple[str, Kind, str, int], ...] = (
        ("new orders", "new", fresh_prefix(), 1),
        ("updates", "changed", PREFIX, size),
    )
    for name, kind, prefix, population in kinds:
        say(f"{case}: {name}")
        measured = await measure(
            ground,
            running,
            kind=kind,
            prefix=prefix,
            connections=4,
            seconds=120.0,
            requests=count // BATCH,
            each=BATCH,
            first=size * 7919,
            population=population,
        )
        cpu = measured.cpu_microseconds()
        storing = cpu["worker"] + cpu["postgres"]
        costs.setdefault(name, []).append(storing)
        values: dict[str, Value] = {
            "stored/s": measured.stored_per_second,
            "worker + postgres CPU us/order": storing,
        }
        rows.append(Result(scenario=TITLE, case=case, contender=name, values=values, cpu=cpu))
    return rows


async def _read(running: Running, case: str, name: str, path: str) -> Result:
    task = Task(
        port=running.port,
        path=path,
        headers=running.headers,
        prefix="",
        kind=None,
        connections=2,
        seconds=1.0,
    )
    outcome = await generate(task)
    return Result(
        scenario=TITLE,
        case=case,
        contender=name,
        values={
            "answered/s": outcome.good / outcome.seconds,
            "p50 ms": outcome.latency["p50"],
            "p99 ms": outcome.latency["p99"],
            "refused": outcome.sent - outcome.good or None,
        },
    )
