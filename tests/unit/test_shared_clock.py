"""The clock that all gateways share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.clock import SharedClock
from shared.versions import HIGHEST, NODES, moment_of, version_at

POSTGRES = 1_790_000_000_000_000


class Monotonic:
    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_clock_is_not_trusted_before_it_is_measured() -> None:
    clock = SharedClock(1, Monotonic())
    assert not clock.is_trusted
    with pytest.raises(RuntimeError, match="not been measured"):
        clock.next_version(clock.now())


def test_clock_tells_postgres_time_and_goes_on_by_the_monotonic_clock() -> None:
    monotonic = Monotonic()
    clock = SharedClock(1, monotonic)
    clock.measure(999.99, 1000.01, POSTGRES)
    assert abs(clock.now() - POSTGRES) <= 1
    monotonic.now += 3600
    assert abs(clock.now() - POSTGRES - 3600_000_000) <= 1


def test_measure_that_took_too_long_is_not_believed() -> None:
    clock = SharedClock(1, Monotonic())
    clock.measure(998.9, 1000.0, POSTGRES)
    assert not clock.is_trusted
    clock.measure(999.0, 1000.0, POSTGRES)
    assert clock.is_trusted


def test_finer_measure_counts_until_it_is_old() -> None:
    monotonic = Monotonic()
    clock = SharedClock(1, monotonic)
    clock.measure(1000.0, 1000.0, POSTGRES)
    clock.measure(999.9, 1000.1, POSTGRES + 50_000)
    assert abs(clock.now() - POSTGRES) <= 1
    monotonic.now = 1301.0
    clock.measure(1300.9, 1301.1, POSTGRES + 301_050_000)
    assert abs(clock.now() - POSTGRES - 301_050_000) <= 1


@given(st.lists(st.floats(-10, 10), max_size=30))
def test_versions_increase_strictly_whatever_the_clocks_do(steps: list[float]) -> None:
    monotonic = Monotonic()
    clock = SharedClock(7, monotonic)
    clock.measure(1000.0, 1000.0, POSTGRES)
    versions = [clock.next_version(clock.now())]
    for step in steps:
        monotonic.now += step
        clock.measure(monotonic.now, monotonic.now, POSTGRES + int(step * 1e6))
        versions += [clock.next_version(clock.now()), clock.next_version(clock.now())]
    assert versions == sorted(set(versions))
    assert all(version % NODES == 7 for version in versions)
    assert max(versions) <= HIGHEST


def test_two_gateways_of_one_moment_differ_by_their_node() -> None:
    clocks = [SharedClock(node, Monotonic()) for node in (1, 2, NODES + 3)]
    for clock in clocks:
        clock.measure(1000.0, 1000.0, POSTGRES)
    versions = [clock.next_version(clock.now()) for clock in clocks]
    assert len(set(versions)) == 3
    assert {moment_of(version) for version in versions} == {POSTGRES}


@given(st.integers(0, (1 << 52) - 1), st.integers(0, NODES - 1))
def test_version_holds_its_moment_in_63_bits(moment: int, node: int) -> None:
    assert moment_of(version_at(moment, node)) == moment
    assert 0 <= version_at(moment, node) <= HIGHEST
    assert version_at(moment, NODES - 1) < version_at(moment + 1)


def test_a_rougher_measure_that_contradicts_the_finer_one_counts_at_once() -> None:
    monotonic = [100.0]
    clock = SharedClock(1, lambda: monotonic[0])
    clock.measure(100.0, 100.001, 1_790_000_000_000_000)
    clock.measure(101.0, 101.1, 1_790_000_001_000_000)  # agrees: the finer one stays
    monotonic[0] = 102.0
    before = clock.now()
    clock.measure(102.0, 102.1, 1_790_000_062_000_000)  # a minute on: Postgres's clock was set, or this host slept
    assert clock.now() - before > 59_000_000
