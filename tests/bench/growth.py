"""`make growth`: what a rate of orders needs, calculated from what one order was measured to cost.

    make growth
    make growth ARGS='--orders-a-minute 250000 --updates 3 --use 0.5'
    make growth ARGS='--costs .local/bench/20261126T214000Z.json'     # what `make bench` kept: your machine's costs

Pure arithmetic, so that anybody can check it; deploy/growth.md says where the numbers come from.
"""

import math
from pathlib import Path
from typing import Annotated, Final

import cyclopts
import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from tests.bench.results import Report


class Costs(Struct, frozen=True, kw_only=True):
    """CPU microseconds of a process: `gateway` for an order sent alone, `relay` for an event, all else a submission."""

    gateway: float
    gateway_batch: float
    worker: float
    relay: float
    postgres: float
    rabbitmq: float


MEASURED: Final = Costs(gateway=194.0, gateway_batch=53.0, worker=78.0, relay=122.0, postgres=125.0, rabbitmq=50.0)
"""As `make bench` showed them on two cores that this system and its load had nearly to themselves."""
WIRE_BYTES: Final = 525
"""Of a submission in a message to the workers: 650 for a new order, 400 for its payment."""
MESSAGE_SUBMISSIONS: Final = 250
"""A busy gateway's message is full (BUGALOU_GATEWAY_MESSAGE_SUBMISSIONS)."""
LOG_BYTES: Final = 5_000
"""What a submission writes to PostgreSQL's log: 3,500 for a new order, 6,200 for its payment. In tables of many
gigabytes up to two whole pages more after each checkpoint: put checkpoints far apart."""
ROW_BYTES: Final = 1_800
"""Rows and index entries that stay, of a submission: history, and its order's."""
EVENT_BYTES: Final = 1_450
"""An event in the outbox, until its day's partition is dropped."""
EVENTS_PER_SUBMISSION: Final = 1.5
"""A new order tells one event, a payment two."""
QUEUE_MESSAGES: Final = 10_000
QUEUE_BYTES: Final = 60_000_000
"""What one quorum queue with three replicas may be asked to take in a second: cautious, not measured."""
NODE_CORES: Final = 16
"""What one PostgreSQL server of an ordinary size has for this work."""


class Need(Struct, frozen=True):
    """One line: how many of something, and how that comes."""

    what: str
    count: str
    because: str


def needs(costs: Costs, *, orders_a_minute: float, updates: float, batched: float, use: float) -> list[Need]:
    """Return what so many new orders a minute need, each updated `updates` times, at `use` of every core.

    `batched` is the share of submissions that comes in batches. A Python process has one core at most.
    """
    rate = orders_a_minute / 60 * (1 + updates)
    gateway = costs.gateway * (1 - batched) + costs.gateway_batch * batched
    events = rate * EVENTS_PER_SUBMISSION
    messages, stream = rate / MESSAGE_SUBMISSIONS, rate * WIRE_BYTES
    queues = max(1, math.ceil(messages / QUEUE_MESSAGES), math.ceil(stream / QUEUE_BYTES))
    postgres, rabbitmq = _cores(rate, costs.postgres, use), _cores(rate, costs.rabbitmq, use)
    servers = math.ceil(postgres / NODE_CORES)
    of_events = EVENTS_PER_SUBMISSION * EVENT_BYTES
    return [
        Need("submissions a second", f"{rate:,.0f}", f"{orders_a_minute:,.0f} orders, {updates:g} updates of each"),
        Need("gateways", _processes(rate, gateway, use), f"{gateway:.0f} us of a core for each submission"),
        Need(
            "submission queues",
            str(queues),
            f"{messages:,.0f} messages, {stream / 1e6:.0f} MB a second; one takes {QUEUE_MESSAGES:,}, "
            f"{QUEUE_BYTES / 1e6:.0f} MB",
        ),
        Need(
            "RabbitMQ nodes", "3", f"{rabbitmq:.1f} cores each, as each holds a replica; {events:,.0f} events a second"
        ),
        Need("workers", _processes(rate, costs.worker, use), f"{costs.worker:.0f} us of a core for each submission"),
        Need("relays", _processes(events, costs.relay, use), f"{costs.relay:.0f} us of a core for each event"),
        Need(
            "PostgreSQL",
            "1 server" if servers == 1 else f"{servers} servers, orders by hash",
            f"{postgres:.1f} cores at {costs.postgres:.0f} us; {rate * LOG_BYTES / 1e6:.0f} MB of log a second",
        ),
        Need(
            "storage an hour",
            f"{rate * 3600 * (ROW_BYTES + of_events) / 1e9:,.0f} GB",
            f"of which events, {of_events / (ROW_BYTES + of_events):.0%}, leave after their retention",
        ),
    ]


def _cores(rate: float, microseconds: float, use: float) -> float:
    return rate * microseconds / 1e6 / use


def _processes(rate: float, microseconds: float, use: float) -> str:
    return str(max(1, math.ceil(_cores(rate, microseconds, use))))


def read_costs(path: Path) -> Costs:
    """Return the costs in a report that `make bench` kept; those that it lacks as measured before."""
    report = msgspec.json.decode(path.read_bytes(), type=Report)
    found = msgspec.structs.asdict(MEASURED)
    for row in report.results:
        if row.contender != "bugalou":
            continue
        if (row.scenario, row.case) == ("single POST", "256 connections"):
            found["gateway"] = row.cpu.get("gateway", found["gateway"])
        elif (row.scenario, row.case) == ("batches of 500", "new orders"):
            found["gateway_batch"] = row.cpu.get("gateway", found["gateway_batch"])
            for name in ("worker", "postgres", "rabbitmq"):
                found[name] = row.cpu.get(name, found[name])
        elif row.scenario == "relay":
            found["relay"] = row.cpu.get("relay", found["relay"])
    return Costs(**found)


def growth(
    *,
    orders_a_minute: Annotated[float, Parameter(validator=Number(gt=0))] = 1_000_000,
    updates: Annotated[float, Parameter(validator=Number(gte=0))] = 1,
    batched: Annotated[float, Parameter(validator=Number(gte=0, lte=1))] = 0.5,
    use: Annotated[float, Parameter(validator=Number(gt=0, lte=1))] = 0.6,
    costs: Path | None = None,
) -> None:
    """Calculate what a rate of new orders needs.

    Parameters
    ----------
    orders_a_minute
        New orders in the busiest minute.
    updates
        How often each is updated on average (delivered, paid).
    batched
        The share of submissions that comes in batches rather than alone.
    use
        The share of each core that may be used in the busiest minute.
    costs
        A report of `make bench`, for this machine's own costs.
    """
    taken = MEASURED if costs is None else read_costs(costs)
    table = Table(title=f"{orders_a_minute:,.0f} orders a minute", title_justify="left", pad_edge=False)
    for column in ("what", "how many", "because"):
        table.add_column(column)
    for need in needs(taken, orders_a_minute=orders_a_minute, updates=updates, batched=batched, use=use):
        table.add_row(need.what, need.count, need.because)
    Console(width=120).print(table)


if __name__ == "__main__":
    cyclopts.App(default_command=growth)()
