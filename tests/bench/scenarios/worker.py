"""One worker alone drains a full queue; beside it, the same SQL from ready-made arrays, and a bare upsert."""

import time
from typing import Final
from uuid import uuid4

import asyncpg

from tests.bench.contenders import Fleet, delete_queues, programs
from tests.bench.ground import Ground, wait_for_value
from tests.bench.loading import STUCK_SECONDS, fresh_prefix
from tests.bench.meter import Meter
from tests.bench.orders import Kind
from tests.bench.results import Result, median
from tests.bench.scale import Scale
from tests.bench.scenarios import Say
from tests.bench.submissions import chunks, fill_queue, make
from tests.bench.tape import play, record

TITLE: Final = "one worker, a full queue"
BATCH: Final = 500
_KINDS: Final[tuple[Kind, ...]] = ("new", "paid", "changed")
_CASES: Final = {"new": "new orders", "paid": "payments", "changed": "other updates"}
_GOAL: Final = 0.7
_ALONE: Final = Fleet(gateways=0, workers=1, relays=0, notifiers=0)


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Measure drains and the SQL alone, taking turns."""
    drained: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    replayed: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    costs: dict[str, dict[str, float]] = {}
    for number in range(scale.rounds):
        say(f"round {number + 1}: a worker drains")
        for kind, rate, cost in await _drain(ground, scale.queue, say):
            drained[kind].append(rate)
            costs[kind] = cost
        say(f"round {number + 1}: the same statements from ready-made arrays")
        for kind, rate in (await _replay(ground, scale.queue)).items():
            replayed[kind].append(rate)
    say("a bare upsert")
    floor = await _bare_upsert(ground, scale.queue)
    rows = []
    for kind in _KINDS:
        ours_rate, raw = median(drained[kind]), median(replayed[kind])
        is_goal = kind in ("new", "paid")
        rows += [
            Result(
                scenario=TITLE,
                case=_CASES[kind],
                contender="bugalou",
                values={"stored/s": ours_rate},
                cpu=costs[kind],
            ),
            Result(
                scenario=TITLE,
                case=_CASES[kind],
                contender="the same SQL from ready-made arrays",
                values={"stored/s": raw},
                ratio=ours_rate / raw,
                goal=f">= {_GOAL}" if is_goal else None,
                is_met=ours_rate / raw >= _GOAL if is_goal else None,
            ),
        ]
    row = Result(scenario=TITLE, case="new orders", contender="a bare upsert by unnest", values={"stored/s": floor})
    row.ratio = median(drained["new"]) / floor
    return [*rows[:2], row, *rows[2:]]


async def _drain(ground: Ground, count: int, say: Say) -> list[tuple[Kind, float, dict[str, float]]]:
    """Fill the queue, then start a worker on it; once for each kind, on the same orders."""
    found: list[tuple[Kind, float, dict[str, float]]] = []
    prefix, account, amqp_prefix = fresh_prefix(), uuid4(), f"bench-{uuid4().hex}"
    async with ground.database(migrated=True) as url:
        try:
            for index, kind in enumerate(_KINDS):
                say(f"a full queue of {_CASES[kind]}")
                submissions = make(kind, prefix, count, account, population=count)
                await fill_queue(ground.amqp_url, amqp_prefix, submissions)
                await ground.settle()
                with ground.running(programs(ground, _ALONE, url, amqp_prefix)) as pids:
                    meter = Meter({**pids, **ground.servers})
                    wanted = (index + 1) * count
                    await wait_for_value(url, "SELECT count(*) FROM submissions", wanted, STUCK_SECONDS)
                    cost = {name: used * 1e6 / count for name, used in meter.cpu_seconds().items()}
                found.append((kind, (count - BATCH) / await _span(url, index * count), cost))
        finally:
            await delete_queues(ground, amqp_prefix)
    return found


async def _span(url: str, before: int) -> float:
    """Return the seconds between the first and the last transaction of all rows but the first `before`.

    Between them there is one batch less than there are: what the first took is not seen.
    """
    connection = await asyncpg.connect(url, timeout=30)
    try:
        return float(
            await connection.fetchval(
                "SELECT extract(epoch FROM max(settled_at) - min(settled_at))::float8 FROM"
                " (SELECT settled_at FROM submissions ORDER BY settled_at OFFSET $1) AS s",
                before,
            )
        )
    finally:
        await connection.close()


async def _replay(ground: Ground, count: int) -> dict[Kind, float]:
    prefix, account = fresh_prefix(), uuid4()
    rates: dict[Kind, float] = {}
    tapes = {}
    async with ground.database(migrated=True) as url:
        for kind in _KINDS:
            batches = list(chunks(make(kind, prefix, count, account, population=count), BATCH))
            tapes[kind] = await record(url, batches)
    await ground.settle()
    async with ground.database(migrated=True) as url:
        for kind, tape in tapes.items():
            rates[kind] = count / await play(url, tape)
            await ground.settle()
    return rates


_TABLE: Final = """
CREATE TABLE bare (
    platform text, order_number text, order_status text, payment_status text, customer_email text, total numeric,
    currency text, items jsonb, PRIMARY KEY (platform, order_number)
)
"""
_UPSERT: Final = """
INSERT INTO bare SELECT 'custom', n, 'processing', 'pending', 'klant@bedrijf.nl', 2950, 'EUR', i::jsonb
FROM unnest($1::text[], $2::text[]) AS u(n, i)
ON CONFLICT (platform, order_number) DO UPDATE SET order_status = excluded.order_status
"""
_ITEMS: Final = '[{"name":"Ontwerp woning - fase 1","quantity":"1","price":"2500"}]'


async def _bare_upsert(ground: Ground, count: int) -> float:
    async with ground.database(migrated=False) as url:
        connection = await asyncpg.connect(url, timeout=30)
        try:
            await connection.execute(_TABLE)
            began = time.perf_counter()
            for start in range(0, count, BATCH):
                numbers = [f"INV-{number:09d}" for number in range(start, start + BATCH)]
                await connection.execute(_UPSERT, numbers, [_ITEMS] * BATCH)
            return count / (time.perf_counter() - began)
        finally:
            await connection.close()
