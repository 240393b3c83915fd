"""Keeps the programs of the stack running, and stops them in order."""

import time
from collections.abc import Callable, Iterable
from typing import Final

from services.cli.stack.errors import Interrupted, StackError
from services.cli.stack.files import write_whole
from services.cli.stack.kept import Kept
from services.cli.stack.layout import Layout
from services.cli.stack.leftovers import mark
from services.cli.stack.logs import last_lines, trim
from services.cli.stack.order import STOP_ORDER, group_of, stop_seconds
from services.cli.stack.program import Child, Program

_TICK_SECONDS: Final = 0.1
_TRIM_SECONDS: Final = 15.0
_GIVE_UP_DEATHS: Final = 4


class Supervisor:
    """Starts what it is given, starts again what dies, tells every death, and stops all of it in order.

    One thread looks at its children ten times a second. `request_stop` may be called in a signal handler.
    """

    def __init__(self, layout: Layout, say: Callable[[str], None]) -> None:
        self._layout = layout
        self._say = say
        self._kept: dict[str, Kept] = {}
        # A plain flag: a threading.Event, set by a handler while the same thread waits for it, can deadlock.
        self._stop_requested = False
        self._next_trim = 0.0

    def add(self, *programs: Program) -> None:
        """Start the programs and keep them running."""
        for program in programs:
            self._kept[program.name] = Kept(mark(program, self._layout), self._launch)
        self._tick()

    def request_stop(self) -> None:
        """Make `watch` return, and whatever waits raise Interrupted; safe in a signal handler, and twice."""
        self._stop_requested = True

    def wait_until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Keep everything running until the condition holds; StackError after so many seconds.

        What dies again and again meanwhile will not come up: then that is the error, with its last words.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            for kept in self._kept.values():
                if kept.deaths >= _GIVE_UP_DEATHS:
                    log = self._layout.log_file(kept.program.name)
                    raise StackError(f"{kept.program.name} does not stay up; the end of {log}:\n{last_lines(log)}")
            if time.monotonic() > deadline:
                raise StackError(f"{what} not ready within {seconds:.0f} s: see {self._layout.log}.")
            self._pause()

    def wait_ready(self, programs: Iterable[Program], seconds: float) -> None:
        """Wait until all of these can be used."""
        names = [program.name for program in programs]
        missing = ", ".join(names)
        self.wait_until(lambda: all(self._kept[name].is_ready() for name in names), seconds, missing)

    def steady(self, seconds: float) -> bool:
        """Tell whether everything has run for that long without dying."""
        now = time.monotonic()
        return all(kept.steady_seconds(now) >= seconds for kept in self._kept.values())

    def watch(self) -> None:
        """Keep everything running until a stop is requested."""
        while not self._stop_requested:
            self._pause(interruptible=False)

    def stop(self) -> None:
        """Stop everything: gateways, the other services, mail, RabbitMQ, PostgreSQL, each group at once."""
        for group in STOP_ORDER:
            self._stop_group([kept for kept in self._kept.values() if group_of(kept.program.name) == group])
        self._kept.clear()

    def _pause(self, *, interruptible: bool = True) -> None:
        time.sleep(_TICK_SECONDS)
        if self._stop_requested and interruptible:
            raise Interrupted
        self._tick()

    def _tick(self) -> None:
        now = time.monotonic()
        for kept in self._kept.values():
            news = kept.tick(now)
            if news is not None:
                self._say(news)
        if now >= self._next_trim:
            self._next_trim = now + _TRIM_SECONDS
            trim(self._layout.log)

    def _launch(self, program: Program) -> Child:
        child = Child(program, self._layout.log_file(program.name))
        if program.listed:
            write_whole(self._layout.pid_file(program.name), f"{child.pid}\n", mode=0o644)
        return child

    def _stop_group(self, group: list[Kept]) -> None:
        running = [kept for kept in group if kept.run is not None]
        for kept in running:
            if kept.run is not None:
                kept.run.ask_to_stop()
        patience = max((stop_seconds(kept.program.name) for kept in running), default=0.0)
        if not _all_ended(running, patience):
            for kept in running:
                if kept.run is not None and kept.run.exit_code() is None:
                    self._say(f"{kept.program.name} did not stop in time and is killed")
                    kept.run.kill()
            _all_ended(running, 5.0)
        for kept in group:
            self._layout.pid_file(kept.program.name).unlink(missing_ok=True)


def _all_ended(group: list[Kept], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(kept.run is not None and kept.run.exit_code() is None for kept in group):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
