"""One measurement: load on a contender, until every order that it answered for stands in Postgres."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE
from typing import Final
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct

from services.cli.stack.layout import CHECKOUT
from tests.bench.contenders import Running
from tests.bench.ground import Ground, fetch_number, wait_for_value
from tests.bench.load import Outcome, Task
from tests.bench.meter import Meter
from tests.bench.orders import Kind

STUCK_SECONDS: Final = 60.0
"""A queue that drains by nothing for so long is stuck."""


class Measured(Struct, kw_only=True):
    """What one load did: the generator's outcome, how many orders, and how long until the last was a row, in seconds.

    `cpu_seconds` is by process, the generator's and the servers' included.
    """

    outcome: Outcome
    orders: int
    stored_seconds: float
    cpu_seconds: dict[str, float]

    @property
    def accepted_per_second(self) -> float:
        """Orders answered for, a second."""
        return self.orders / self.outcome.seconds

    @property
    def stored_per_second(self) -> float:
        """Orders that ended in rows, a second, from the first request to the last row."""
        return self.orders / self.stored_seconds

    def cpu_microseconds(self) -> dict[str, float]:
        """CPU microseconds an order, by process."""
        return {name: seconds * 1e6 / max(1, self.orders) for name, seconds in self.cpu_seconds.items()}


def fresh_prefix() -> str:
    """Return what the numbers of one load's orders begin with."""
    return uuid4().hex[:8] + "-"


async def generate(task: Task) -> Outcome:
    """Run the load generator, a process of its own, to the end of a task."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.load"), stdin=PIPE, stdout=PIPE, cwd=CHECKOUT
    )
    try:
        output, _ = await process.communicate(msgspec.json.encode(task))
    except BaseException:
        process.kill()
        raise
    if process.returncode != 0:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return msgspec.json.decode(output, type=Outcome)


def _stored_since(moment: float) -> str:
    """Count what is newer, by ids that begin with their moment: the whole history of a large table takes seconds."""
    first = UUID(int=int(moment * 1000) << 80)
    return f"SELECT count(*) FROM submissions WHERE id >= '{first}'"


async def measure(
    ground: Ground,
    running: Running,
    *,
    kind: Kind,
    connections: int,
    seconds: float,
    prefix: str | None = None,
    requests: int | None = None,
    rate: float | None = None,
    each: int = 1,
    first: int = 0,
    population: int = 1,
    wait: bool = False,
) -> Measured:
    """Load a contender and wait until all that it answered for is stored; what is answered otherwise is an error."""
    is_ours = running.name == "bugalou"
    stored = _stored_since(time.time()) if is_ours else "SELECT count(*) FROM orders"
    url = running.database_url
    before = await fetch_number(url, stored) if url else 0
    task = Task(
        port=running.port,
        path=running.path if each == 1 else running.batch_path,
        headers={**running.headers, **({"Prefer": "wait=30"} if wait else {})},
        prefix=prefix or fresh_prefix(),
        kind=kind,
        connections=connections,
        seconds=seconds,
        requests=requests,
        rate=rate,
        each=each,
        first=first,
        population=population,
    )
    meter = Meter({**running.pids, **ground.servers})
    began = time.time()
    outcome = await generate(task)
    if outcome.good < outcome.sent:
        raise RuntimeError(f"{running.name} answered {outcome.statuses}")
    orders = outcome.good * each
    stored_at = time.time()
    if url and (kind == "new" or is_ours):
        stored_at = await wait_for_value(url, stored, before + orders, STUCK_SECONDS)
    cpu = {**meter.cpu_seconds(), "load": outcome.cpu_seconds}
    # From the first request to the last row: the generator's own start does not count.
    return Measured(
        outcome=outcome,
        orders=orders,
        stored_seconds=max(outcome.seconds, stored_at - max(began, outcome.began)),
        cpu_seconds=cpu,
    )
