"""The list of metrics is closed and documented; a lag grows by itself; what cannot be told fails no scrape."""

import math
import re
from pathlib import Path
from typing import Final

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from services.cli.metrics import page
from services.gateway.backlog import Backlog
from shared.contracts import WorkerPulse
from shared.metrics import DECLARED, REGISTRY, Lag, watch

ROOT: Final = Path(__file__).parents[2]
UNBOUNDED: Final = {
    "account",
    "account_id",
    "order",
    "order_id",
    "submission",
    "key",
    "path",
    "customer",
    "email",
    "trace",
}


@pytest.fixture
def gauge() -> Gauge:
    return Gauge("gauge", "help", registry=CollectorRegistry())


def value_of(gauge: Gauge) -> float:
    (family,) = gauge.collect()
    return family.samples[0].value


def test_the_page_for_operators_is_up_to_date() -> None:
    assert (ROOT / "deploy/monitoring/metrics.md").read_text() == page(), "run `make docs`"


def test_what_a_process_serves_is_the_list_and_nothing_else_of_ours() -> None:
    served = {family.name for family in text_string_to_metric_families(generate_latest(REGISTRY).decode())}
    assert {name for name in served if name.startswith("bugalou_")} == {metric.name for metric in DECLARED}


def test_names_follow_the_conventions_of_prometheus() -> None:
    for metric in DECLARED:
        assert re.fullmatch(r"bugalou_[a-z][a-z_]*[a-z]", metric.name), metric.name
        assert not metric.name.endswith(("_total", "_bucket", "_sum", "_count", "_milliseconds")), metric.name
        assert metric.help[0].isupper() or metric.help[0].isdigit(), metric.help
        assert "|" not in metric.help, metric.help


def test_no_label_is_of_an_unbounded_set() -> None:
    assert [metric.name for metric in DECLARED if UNBOUNDED & set(metric.labels)] == []


def test_a_lag_grows_by_itself_until_it_is_measured_again(gauge: Gauge) -> None:
    now = 1000.0
    lag = Lag(gauge, monotonic=lambda: now)
    assert value_of(gauge) == 0
    lag.measured(5)
    now += 60
    assert value_of(gauge) == 65
    lag.measured(None)
    assert value_of(gauge) == 0


def test_what_cannot_be_told_does_not_fail_the_scrape(gauge: Gauge) -> None:
    def broken() -> float:
        raise RuntimeError("not yet")

    watch(gauge, broken)
    assert math.isnan(value_of(gauge))
    watch(gauge, lambda: None)
    assert math.isnan(value_of(gauge))


class Queue:
    """A queue of a given depth."""

    messages = 0

    async def depth(self, queue: str) -> int:
        return self.messages


class World:
    """A backlog at a time of the test's own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.queue = Queue()
        self.backlog = Backlog(
            self.queue,
            "submissions",
            most_submissions=10,
            clock=lambda: int(self.now * 1_000_000),
            monotonic=lambda: self.now,
        )

    async def after(self, seconds: float, *, messages: int) -> float:
        self.now += seconds
        self.queue.messages = messages
        await self.backlog.look()
        return self.backlog.lag_seconds

    def settled(self, *, age: float) -> None:
        self.backlog.take_pulse(WorkerPulse(1, 1, int((self.now - age) * 1_000_000)))


async def test_lag_of_a_queue_that_nobody_empties_grows_by_a_second_each_second() -> None:
    world = World()
    assert await world.after(1, messages=0) == 0
    assert await world.after(1, messages=3) == 0
    assert await world.after(30, messages=9) == 30


async def test_lag_follows_what_the_workers_settled_last() -> None:
    world = World()
    await world.after(1, messages=3)
    await world.after(100, messages=3)
    world.settled(age=40)
    assert await world.after(0, messages=2) == pytest.approx(40)
    assert await world.after(5, messages=2) == pytest.approx(45)
    world.settled(age=2)
    assert await world.after(0, messages=1) == pytest.approx(2)
    assert await world.after(1, messages=0) == 0


async def test_pulse_of_a_worker_of_an_older_version_tells_no_age() -> None:
    world = World()
    await world.after(1, messages=3)
    world.backlog.take_pulse(WorkerPulse(1, 1))
    assert await world.after(7, messages=3) == 7
