"""One run of the stack, from `up` to its end, and how another process ends it."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Final

import psutil

from services.cli.stack.env_file import read_env
from services.cli.stack.errors import AlreadyRuns, StackError
from services.cli.stack.fleet import Size
from services.cli.stack.layout import Layout
from services.cli.stack.leftovers import stop_leftovers
from services.cli.stack.local import LocalStack
from services.cli.stack.lock import Lock
from services.cli.stack.supervisor import Supervisor

# The sum of what the groups may take (see order.py), and a little more.
_STOP_SECONDS: Final = 120.0

Say = Callable[[str], None]


def refuse_second(layout: Layout) -> None:
    """Raise AlreadyRuns where a supervisor runs this stack."""
    holder = Lock(layout.lock).holder()
    if holder is not None:
        url = read_env(layout.env).get("BUGALOU_URL", "an address not known yet")
        raise AlreadyRuns(f"Already running at {url} (pid {holder}). `bugalou down` stops it.")


def run(layout: Layout, size: Size, port: int, environment: Mapping[str, str], say: Say, ready: Say) -> None:
    """Run the stack until SIGINT, SIGTERM or SIGHUP; `ready` is called once, with what to tell the user."""
    supervisor = Supervisor(layout, say)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Who started us with nohup wants no end with the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: supervisor.request_stop())
    lock = Lock(layout.lock)
    if not lock.take():
        refuse_second(layout)
        raise AlreadyRuns("Another `bugalou up` has just begun here.")
    stack = LocalStack(layout, environment, supervisor, say)
    try:
        ready(stack.start(size, port))
        supervisor.watch()
        say("stopping")
    finally:
        stack.stop()
        lock.release()
    say("stopped; the data stays in " + str(layout.root))


def end(layout: Layout, say: Say) -> None:
    """Stop whatever of this stack runs, and wait for it; nothing running is fine."""
    lock = Lock(layout.lock)
    holder = lock.holder()
    if holder:
        say(f"stopping (pid {holder})")
        _end_supervisor(lock, holder)
    left = stop_leftovers(layout)
    if left:
        say(f"stopped what ran with no supervisor: {', '.join(left)}")
    say("stopped" if holder or left else "nothing runs")


def _end_supervisor(lock: Lock, holder: int) -> None:
    # The pid is taken from a file that its process holds locked at this moment: it is that process's.
    deadline = time.monotonic() + _STOP_SECONDS
    try:
        os.kill(holder, signal.SIGTERM)
        while lock.holder() == holder:
            if time.monotonic() > deadline:
                os.kill(holder, signal.SIGKILL)
                time.sleep(0.5)
                return
            time.sleep(0.1)
    except PermissionError:
        raise StackError(f"The stack belongs to another user (pid {holder}): run this as that user.") from None
    except ProcessLookupError:
        return
    # Its last words come after the lock; give it the moment to leave.
    with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        process = psutil.Process(holder)
        while process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.02)
