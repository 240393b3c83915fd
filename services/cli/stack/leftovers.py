"""Processes of the stack that run with no supervisor: one was killed, or a service was started by hand."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import psutil

from services.cli.stack.errors import StackError
from services.cli.stack.layout import Layout
from services.cli.stack.order import STOP_ORDER, group_of, stop_seconds, stop_signal
from services.cli.stack.ports import LOOPBACK
from services.cli.stack.program import Program

# Set for every process of the stack, so that it is known for ours without trusting a pid: pids are used again.
ROOT_VARIABLE = "BUGALOU_STACK"
NAME_VARIABLE = "BUGALOU_STACK_PROCESS"


@dataclass(frozen=True)
class Leftover:
    """A running process that belongs to the stack."""

    name: str
    process: psutil.Process

    def is_gone(self) -> bool:
        """Tell whether it has ended; one that only waits for its parent to take notice has."""
        try:
            return not self.process.is_running() or bool(self.process.status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True


def metrics_address(leftover: Leftover) -> str | None:
    """Return where a process serves its metrics, or None where it serves none, or is another user's."""
    with contextlib.suppress(psutil.Error, OSError):
        environment = leftover.process.environ()
        port = environment.get("BUGALOU_METRICS_PORT", "0")
        if port != "0":
            return f"http://{environment.get('BUGALOU_METRICS_HOST', LOOPBACK)}:{port}/metrics"
    return None


def mark(program: Program, layout: Layout) -> Program:
    """Return the program such that its process can be told for this stack's."""
    environment = {**program.environment, ROOT_VARIABLE: str(layout.root), NAME_VARIABLE: program.name}
    return replace(program, environment=environment)


def find_leftovers(layout: Layout) -> list[Leftover]:
    """Return every process of this stack, whatever its pid file says."""
    return [Leftover(name, process) for process in psutil.process_iter() if (name := _name(process, layout))]


def stop_leftovers(layout: Layout) -> list[str]:
    """Stop them in order and remove the pid files; return the names of those that ran."""
    found = find_leftovers(layout)
    for group in STOP_ORDER:
        members = [leftover for leftover in found if group_of(leftover.name) == group]
        for leftover in members:
            with _ours_to_stop(leftover):
                leftover.process.send_signal(stop_signal(leftover.name))
        patience = max((stop_seconds(leftover.name) for leftover in members), default=0.0)
        if not _wait_gone(members, patience):
            for leftover in members:
                with _ours_to_stop(leftover):
                    leftover.process.kill()
            _wait_gone(members, 5.0)
    for pid_file in layout.run.glob("*.pid"):
        pid_file.unlink(missing_ok=True)
    return sorted({leftover.name for leftover in found})


def _name(process: psutil.Process, layout: Layout) -> str | None:
    with contextlib.suppress(psutil.Error, OSError):
        environment = process.environ()
        if environment.get(ROOT_VARIABLE) == str(layout.root):
            return environment.get(NAME_VARIABLE, "service")
    # The servers run as users of their own, whose environment not even a container's root may read; their
    # command line names their folder.
    with contextlib.suppress(psutil.Error, OSError):
        program, words = process.name(), process.cmdline()
        if program == "postgres" and str(layout.postgres / "data") in words:
            return "postgres"
        if program == "beam.smp" and str(layout.rabbitmq) in words:
            return "rabbitmq"
    return None


@contextlib.contextmanager
def _ours_to_stop(leftover: Leftover) -> Iterator[None]:
    try:
        yield
    except psutil.NoSuchProcess:
        pass
    except psutil.AccessDenied:
        raise StackError(f"{leftover.name} (pid {leftover.process.pid}) belongs to another user.") from None


def _wait_gone(leftovers: list[Leftover], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not all(leftover.is_gone() for leftover in leftovers):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
