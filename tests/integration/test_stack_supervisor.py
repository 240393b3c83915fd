"""The supervisor with real processes."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from services.cli.stack.errors import StackError
from services.cli.stack.layout import Layout
from services.cli.stack.leftovers import find_leftovers, mark, stop_leftovers
from services.cli.stack.program import Child, Program
from services.cli.stack.supervisor import Supervisor

# It prints what it holds, then waits; told to, it notes the moment and leaves.
_SERVICE = """
import os, signal, sys, time
def leave(*_):
    print("left", time.monotonic(), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGINT, leave)
print("files", sorted(os.listdir("/proc/self/fd")), flush=True)
while True:
    time.sleep(60)
"""
_STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
)


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    layout = Layout.at(tmp_path / "local")
    yield layout
    stop_leftovers(layout)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(layout: Layout, told: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(layout, told.append)
    yield supervisor
    supervisor.stop()


def program(name: str, code: str = _SERVICE) -> Program:
    return Program(name=name, argv=(sys.executable, "-c", code), directory=Path("/"), environment=dict(os.environ))


def pid_of(layout: Layout, name: str) -> int:
    return int(layout.pid_file(name).read_text())


def says(layout: Layout, name: str, word: str) -> Callable[[], bool]:
    return lambda: word in layout.log_file(name).read_text()


def test_killed_service_is_started_again_and_its_pid_file_rewritten(
    supervisor: Supervisor, layout: Layout, told: list[str]
) -> None:
    supervisor.add(program("relay"))
    supervisor.wait_until(says(layout, "relay", "files"), 10, "relay")
    first = pid_of(layout, "relay")
    os.kill(first, signal.SIGKILL)
    supervisor.wait_until(lambda: pid_of(layout, "relay") != first, 10, "relay")
    assert psutil.pid_exists(pid_of(layout, "relay"))
    assert told == [
        f"relay (pid {first}) was ended by signal 9; started again in 0.5 s",
        f"relay runs again, pid {pid_of(layout, 'relay')}",
    ]


def test_service_inherits_no_files_and_has_a_session_of_its_own(supervisor: Supervisor, layout: Layout) -> None:
    with Path(os.devnull).open() as inheritable:
        os.set_inheritable(inheritable.fileno(), True)
        supervisor.add(program("relay"))
        supervisor.wait_until(says(layout, "relay", "files"), 10, "relay")
    # 3 is the listing itself.
    assert "files ['0', '1', '2', '3']" in layout.log_file("relay").read_text()
    assert os.getsid(pid_of(layout, "relay")) == pid_of(layout, "relay")


def test_gateways_are_stopped_first_and_the_rest_in_order(supervisor: Supervisor, layout: Layout) -> None:
    names = ["postgres", "mail", "worker-1", "gateway-1", "rabbitmq"]
    supervisor.add(*map(program, names))
    supervisor.wait_until(lambda: all(says(layout, name, "files")() for name in names), 10, "services")
    supervisor.stop()
    left = {name: float(layout.log_file(name).read_text().split("left ")[1]) for name in names}
    assert sorted(left, key=lambda name: left[name]) == ["gateway-1", "worker-1", "mail", "rabbitmq", "postgres"]
    assert list(layout.run.glob("*.pid")) == []


def test_service_that_does_not_leave_is_killed(
    supervisor: Supervisor, layout: Layout, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.stack.supervisor.stop_seconds", lambda _name: 0.5)
    supervisor.add(program("worker-1", _STUBBORN))
    supervisor.wait_until(says(layout, "worker-1", "up"), 10, "worker")
    pid = pid_of(layout, "worker-1")
    supervisor.stop()
    assert not psutil.pid_exists(pid)
    assert told == ["worker-1 did not stop in time and is killed"]


def test_start_is_given_up_on_what_does_not_stay_up(supervisor: Supervisor, layout: Layout) -> None:
    supervisor.add(program("relay", "import sys; sys.exit('the schema is older than this release')"))
    with pytest.raises(StackError, match="older than this release"):
        supervisor.wait_until(lambda: supervisor.steady(2), 60, "relay")


def test_orphans_of_a_killed_supervisor_are_found_and_stopped(layout: Layout) -> None:
    children = [Child(mark(program(name), layout), layout.log_file(name)) for name in ("gateway-1", "worker-1")]
    layout.pid_file("worker-1").write_text(f"{children[1].pid}\n")
    assert {found.process.pid for found in find_leftovers(layout)} == {child.pid for child in children}
    assert stop_leftovers(layout) == ["gateway-1", "worker-1"]
    assert all(child.wait(5) for child in children)
    assert list(layout.run.glob("*.pid")) == []
    assert stop_leftovers(layout) == []


def test_pid_that_somebody_else_got_is_not_touched(layout: Layout) -> None:
    stranger = Child(program("stranger"), layout.log_file("stranger"))
    layout.pid_file("worker-1").write_text(f"{stranger.pid}\n")
    assert stop_leftovers(layout) == []
    assert stranger.exit_code() is None
    stranger.kill()
    assert stranger.wait(5)


def test_other_stack_of_the_same_checkout_is_not_touched(layout: Layout, tmp_path: Path) -> None:
    other = Layout.at(tmp_path / "other")
    child = Child(mark(program("worker-1"), other), other.log_file("worker-1"))
    assert find_leftovers(layout) == []
    assert stop_leftovers(other) == ["worker-1"]
    assert child.wait(5)


def test_waiting_ends_when_a_stop_is_requested(supervisor: Supervisor) -> None:
    supervisor.request_stop()
    began = time.monotonic()
    with pytest.raises(StackError, match="before it was ready"):
        supervisor.wait_until(lambda: False, 60, "never")
    supervisor.watch()
    assert time.monotonic() - began < 5
