"""`bugalou up` and `down`: the whole system, in a folder of the test's own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from services.cli.stack.env_file import read_env
from services.cli.stack.layout import CHECKOUT, Layout
from services.cli.stack.leftovers import find_leftovers
from services.cli.stack.ports import LOOPBACK, free_ports

NAMES = {"gateway-1", "gateway-2", "worker-1", "relay", "notifier", "mail", "postgres", "rabbitmq"}


class Stack:
    def __init__(self, root: Path) -> None:
        self.layout = Layout.at(root)
        self.port = free_ports(1)[0]

    def bugalou(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BUGALOU_")}
        return subprocess.run(
            [str(Path(sys.executable).with_name("bugalou")), *words, "--local", str(self.layout.root)],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.bugalou("up", "--gateways", "2", "--port", str(self.port), "--detach")

    def env(self) -> dict[str, str]:
        return read_env(self.layout.env)

    def pids(self) -> dict[str, int]:
        return {path.stem: int(path.read_text()) for path in self.layout.run.glob("*.pid")}

    def get(self, path: str) -> tuple[int, bytes]:
        headers = {"X-API-Key": self.env()["BUGALOU_API_KEY"]}
        request = urllib.request.Request(self.env()["BUGALOU_URL"] + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read()
        except OSError as error:
            return getattr(error, "code", 0), b""


def eventually(condition: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    # A space, as in a real home directory.
    stack = Stack(tmp_path_factory.mktemp("stack") / "my files")
    done = stack.up()
    assert done.returncode == 0, done.stderr
    assert "bg_live_" in done.stdout
    yield stack
    assert stack.bugalou("down").returncode == 0
    assert find_leftovers(stack.layout) == []


def test_up_returns_when_everything_runs(stack: Stack) -> None:
    assert set(stack.pids()) == NAMES
    assert all(psutil.pid_exists(pid) for pid in stack.pids().values())
    assert stack.get("/readyz")[0] == 200
    assert set(stack.env()) == {
        "BUGALOU_ACCOUNT",
        "BUGALOU_URL",
        "BUGALOU_API_KEY",
        "BUGALOU_TEST_API_KEY",
        "BUGALOU_DATABASE_URL",
        "BUGALOU_SECRET_KEYS",
        "BUGALOU_AMQP_URL",
    }


def test_second_up_says_where_the_first_one_is_and_harms_nothing(stack: Stack) -> None:
    before = stack.pids()
    done = stack.up()
    assert done.returncode == 0
    assert f"Already running at {stack.env()['BUGALOU_URL']}" in done.stderr
    assert stack.pids() == before


def test_everything_that_is_killed_comes_back(stack: Stack) -> None:
    before = stack.pids()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: set(stack.pids()) == NAMES and not set(stack.pids().values()) & set(before.values()))
    eventually(lambda: stack.get("/readyz")[0] == 200)


def test_data_and_keys_are_found_again_after_the_supervisor_was_killed(stack: Stack) -> None:
    env = stack.env()
    body = {"platform": "custom", "orderNumber": "2026/1", "orderStatus": "processing", "paymentStatus": "pending"}
    request = urllib.request.Request(
        f"{env['BUGALOU_URL']}/api/v1/orders",
        data=json.dumps(body).encode(),
        headers={"X-API-Key": env["BUGALOU_API_KEY"], "Content-Type": "application/json"},
    )
    eventually(lambda: stack.get("/readyz")[0] == 200)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202
    eventually(lambda: stack.get("/api/v1/orders/custom/2026%2F1")[0] == 200)
    os.kill(int(stack.layout.lock.read_text()), signal.SIGKILL)
    left = stack.pids()
    assert all(psutil.pid_exists(pid) for pid in left.values())
    done = stack.up()
    assert done.returncode == 0, done.stderr
    assert "left behind" in done.stderr
    assert not any(psutil.pid_exists(pid) and _runs(pid) for pid in left.values())
    assert stack.env()["BUGALOU_API_KEY"] == env["BUGALOU_API_KEY"]
    assert stack.get("/api/v1/orders/custom/2026%2F1")[0] == 200


def test_down_is_idempotent_and_the_next_port_is_taken_where_one_is_in_use(stack: Stack) -> None:
    assert stack.bugalou("down").returncode == 0
    assert find_leftovers(stack.layout) == []
    assert stack.pids() == {}
    again = stack.bugalou("down")
    assert (again.returncode, again.stderr) == (0, "nothing runs\n")
    with socket.create_server((LOOPBACK, stack.port)):
        assert stack.up().returncode == 0
        assert stack.env()["BUGALOU_URL"] != f"http://{LOOPBACK}:{stack.port}"
        assert stack.get("/readyz")[0] == 200


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
