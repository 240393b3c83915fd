"""A program of the stack and one run of it as a child process."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.cli.stack.errors import StackError
from services.cli.stack.order import stop_seconds, stop_signal


def _always(_pid: int) -> bool:
    return True


@dataclass(frozen=True)
class Program:
    """How one process is started, and how it is seen that it can be used."""

    name: str
    argv: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(repr=False)  # it holds secrets
    is_ready: Callable[[int], bool] = _always
    listed: bool = True  # has a pid file


class Child:
    """One run of a program, in a session of its own, so that Ctrl-C at the terminal does not reach it.

    It inherits its log as standard output and error, and nothing else: no sockets, no other files.
    """

    def __init__(self, program: Program, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.program = program
        # Appending, so that the log can be cut short while it is being written.
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            self._process = subprocess.Popen(
                program.argv,
                cwd=program.directory,
                env=dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.started_at = time.monotonic()

    def exit_code(self) -> int | None:
        """Return None while it runs, then its exit code (minus the signal's number where one ended it)."""
        return self._process.poll()

    def is_ready(self) -> bool:
        """Tell whether it runs and can be used."""
        return self.exit_code() is None and self.program.is_ready(self.pid)

    def ask_to_stop(self) -> None:
        """Send the program's stop signal; return at once."""
        self._signal(stop_signal(self.program.name))

    def kill(self) -> None:
        """End it at once, together with whatever it started in its session."""
        if self.exit_code() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def wait(self, timeout: float) -> bool:
        """Wait for its end; tell whether it came in time."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait_ready(self, timeout: float) -> None:
        """Wait until it can be used; raise StackError where it ends before that, or takes longer."""
        deadline = time.monotonic() + timeout
        while not self.is_ready():
            if self.exit_code() is not None:
                raise StackError(f"{self.program.name} ended with {self.exit_code()} before it was ready.")
            if time.monotonic() > deadline:
                raise StackError(f"{self.program.name} was not ready within {timeout:.0f} s.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it: asked first, killed when its time is over."""
        self.ask_to_stop()
        if not self.wait(stop_seconds(self.program.name)):
            self.kill()
            self.wait(10)

    def _signal(self, number: signal.Signals) -> None:
        # Popen polls before it signals, and a child not yet waited for keeps its pid: no stranger is hit.
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


class Run:
    """Programs that are started one after the other, each when the one before is ready, and stopped backwards.

    For tests and one-off use; `bugalou up` has a supervisor instead.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []

    def start(self, programs: Sequence[Program], timeout: float) -> None:
        """Start all of them; where one fails, stop the others and raise StackError."""
        try:
            for program in programs:
                self._children.append(Child(program, self._logs / f"{program.name}.log"))
                self._children[-1].wait_ready(timeout)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all of them. Calling it twice is fine."""
        while self._children:
            self._children.pop().stop()

    def kill(self) -> None:
        """End all of them as a crash would."""
        while self._children:
            child = self._children.pop()
            child.kill()
            child.wait(10)
