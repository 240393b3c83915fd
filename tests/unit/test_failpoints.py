"""Fail points: off by default, and armed exactly as their notation says."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from shared.errors import BrokerUnavailable, DatabaseUnavailable, Misconfigured
from shared.failpoints import Point, arm, reach


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm(None)


async def outcomes(point: Point, times: int, *about: str) -> str:
    """Return what so many visits gave: F where it failed, a dot where it passed."""
    marks = ""
    for _ in range(times):
        try:
            await reach(point, about)
        except (BrokerUnavailable, DatabaseUnavailable):
            marks += "F"
        else:
            marks += "."
    return marks


async def test_nothing_happens_where_none_is_armed() -> None:
    arm(None)
    assert [await outcomes(point, 1) for point in Point] == ["."] * len(Point)


async def test_points_other_than_the_named_one_do_nothing() -> None:
    arm("worker.committed=raise")
    assert [point for point in Point if await outcomes(point, 1) == "F"] == [Point.WORKER_COMMITTED]


async def test_point_fails_after_so_many_times_and_so_often() -> None:
    arm("relay.confirmed=raise+2*3")
    assert await outcomes(Point.RELAY_CONFIRMED, 8) == "..FFF..."


async def test_point_fails_with_the_probability_it_was_given() -> None:
    arm("relay.confirmed=raise@0.5")
    assert set(await outcomes(Point.RELAY_CONFIRMED, 200)) == {"F", "."}
    arm("relay.confirmed=raise@0")
    assert await outcomes(Point.RELAY_CONFIRMED, 50) == "." * 50


async def test_a_poison_number_fires_for_itself_alone() -> None:
    arm("worker.merging=raise?INV-13")
    assert await outcomes(Point.WORKER_MERGING, 2, "INV-12", "INV-131") == ".."
    assert await outcomes(Point.WORKER_MERGING, 2, "INV-12", "INV-13") == "FF"


async def test_what_is_raised_is_what_the_place_expects_of_a_lost_server() -> None:
    arm("gateway.confirmed=raise notifier.delivered=raise")
    with pytest.raises(BrokerUnavailable):
        await reach(Point.GATEWAY_CONFIRMED)
    with pytest.raises(DatabaseUnavailable):
        await reach(Point.NOTIFIER_DELIVERED)


async def test_paused_point_goes_on_afterwards() -> None:
    arm("worker.merged=pause:0.01*1")
    assert await outcomes(Point.WORKER_MERGED, 2) == ".."


@pytest.mark.parametrize(
    "wrong", ["worker.committed", "worker.commited=exit", "worker.committed=die", "worker.committed=raise@2"]
)
def test_what_is_no_fail_point_stops_the_process_from_starting(wrong: str) -> None:
    with pytest.raises(Misconfigured, match=r"worker\.committed"):
        arm(wrong)


def test_exit_is_a_kill() -> None:
    program = (
        "import asyncio, shared.failpoints as f; f.arm('worker.committed=exit');"
        " asyncio.run(f.reach(f.Point.WORKER_COMMITTED)); print('lived on')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=dict(os.environ), check=False)
    assert (done.returncode, done.stdout.count(b"lived on")) == (-signal.SIGKILL, 0)
