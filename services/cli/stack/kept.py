"""One program that is kept running."""

from collections.abc import Callable
from typing import Final, Protocol

from services.cli.stack.program import Program

FIRST_SECONDS: Final = 0.5
MOST_SECONDS: Final = 10.0
WELL_SECONDS: Final = 30.0


class Running(Protocol):
    """What is asked of one run of a program."""

    pid: int

    def exit_code(self) -> int | None:
        """Return None while it runs."""

    def is_ready(self) -> bool:
        """Tell whether it can be used."""

    def ask_to_stop(self) -> None:
        """Send its stop signal."""

    def kill(self) -> None:
        """End it at once."""


def backoff(deaths: int) -> float:
    """Return how many seconds to wait after that many deaths in a row: 0.5, 1, 2, 4, 8, 10, 10 ..."""
    return float(min(FIRST_SECONDS * 2 ** min(deaths - 1, 16), MOST_SECONDS))


class Kept:
    """Starts a program again whenever it ends, later each time, until it has run well for half a minute.

    Times are seconds on one monotonic clock, given by the caller.
    """

    def __init__(self, program: Program, launch: Callable[[Program], Running]) -> None:
        self.program = program
        self.run: Running | None = None
        self._launch = launch
        self.deaths = 0
        self._due = 0.0
        self._started = 0.0

    def tick(self, now: float) -> str | None:
        """Take notice of a death, or start what is due; return what is worth telling."""
        if self.run is None:
            return self._start(now) if now >= self._due else None
        code = self.run.exit_code()
        return None if code is None else self._bury(code, now)

    def is_ready(self) -> bool:
        """Tell whether it runs and can be used."""
        return self.run is not None and self.run.is_ready()

    def steady_seconds(self, now: float) -> float:
        """Return how long the present run has lasted, 0 where there is none."""
        return now - self._started if self.run is not None and self.run.exit_code() is None else 0.0

    def _start(self, now: float) -> str | None:
        self._started = now
        try:
            self.run = self._launch(self.program)
        except OSError as error:
            return self._wait(f"{self.program.name} cannot be started: {error.strerror}", now)
        return f"{self.program.name} runs again, pid {self.run.pid}" if self.deaths else None

    def _bury(self, code: int, now: float) -> str:
        pid = self.run.pid if self.run else 0
        self.run = None
        if now - self._started >= WELL_SECONDS:
            self.deaths = 0
        how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        return self._wait(f"{self.program.name} (pid {pid}) {how}", now)

    def _wait(self, what: str, now: float) -> str:
        self.deaths += 1
        seconds = backoff(self.deaths)
        self._due = now + seconds
        return f"{what}; started again in {seconds:g} s"
