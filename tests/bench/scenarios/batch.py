"""POST /orders/batch: arrays of 500, new orders and their payments, to the last row."""

from contextlib import AsyncExitStack
from typing import Final

from tests.bench import contenders
from tests.bench.contenders import Fleet, Name
from tests.bench.ground import Ground
from tests.bench.loading import Measured, fresh_prefix, measure
from tests.bench.orders import Kind
from tests.bench.results import Result, median
from tests.bench.scale import Scale
from tests.bench.scenarios import Say

TITLE: Final = "batches of 500"
EACH: Final = 500
CONNECTIONS: Final = 4
_KINDS: Final[tuple[Kind, ...]] = ("new", "paid", "changed", "hot")
_CASES: Final[dict[Kind, str]] = {
    "new": "new orders",
    "paid": "payments (two events each)",
    "changed": "other updates (one event each)",
    "hot": "eight hot orders",
}
_GOALS: Final[dict[Kind, float]] = {"new": 20_000, "paid": 14_000, "changed": 14_000}


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Measure each kind; this system with two workers, and FastAPI with one `unnest` a request."""
    found: dict[tuple[Kind, Name], list[Measured]] = {}
    requests = scale.queue // EACH
    names: tuple[Name, ...] = ("bugalou", "FastAPI + asyncpg")
    async with AsyncExitStack() as stack:
        running = {
            name: await stack.enter_async_context(contenders.run(name, ground, Fleet(workers=2))) for name in names
        }
        for number in range(scale.rounds):
            for name in names:
                # The payments of a round are those of its new orders; what comes after changes them once more.
                prefix = fresh_prefix()
                for kind in _KINDS:
                    if kind == "hot" and name != "bugalou":
                        continue  # one statement cannot hold a row twice: the peer would have to merge them first
                    say(f"{_CASES[kind]}, round {number + 1}: {name}")
                    measured = await measure(
                        ground,
                        running[name],
                        kind=kind,
                        prefix=prefix,
                        connections=CONNECTIONS,
                        seconds=120.0,
                        requests=requests if kind != "hot" else max(4, requests // 4),
                        each=EACH,
                        population=scale.queue,
                    )
                    found.setdefault((kind, name), []).append(measured)
    return [_row(kind, name, rounds, found) for (kind, name), rounds in sorted(found.items(), key=_order)]


def _order(item: tuple[tuple[Kind, Name], list[Measured]]) -> tuple[int, bool]:
    return _KINDS.index(item[0][0]), item[0][1] != "bugalou"


def _row(kind: Kind, name: Name, rounds: list[Measured], found: dict[tuple[Kind, Name], list[Measured]]) -> Result:
    stored = median(one.stored_per_second for one in rounds)
    goal = _GOALS.get(kind) if name == "bugalou" else None
    ratio = None
    if name != "bugalou":
        ratio = median(one.stored_per_second for one in found[kind, "bugalou"]) / stored
    return Result(
        scenario=TITLE,
        case=_CASES[kind],
        contender=name,
        values={
            "answered/s": median(one.accepted_per_second for one in rounds),
            "stored/s": stored,
            "CPU us/order": median(sum(one.cpu_microseconds().values()) for one in rounds),
        },
        cpu=rounds[-1].cpu_microseconds(),
        ratio=ratio,
        goal=None if goal is None else f">= {goal:,.0f}/s",
        is_met=None if goal is None else stored >= goal,
    )
