"""What dies is started again, later each time."""

from pathlib import Path

from services.cli.stack.kept import Kept, backoff
from services.cli.stack.program import Program


class FakeRun:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.code: int | None = None

    def exit_code(self) -> int | None:
        return self.code

    def is_ready(self) -> bool:
        return self.code is None

    def ask_to_stop(self) -> None:
        self.code = -15

    def kill(self) -> None:
        self.code = -9


class Launcher:
    def __init__(self) -> None:
        self.runs: list[FakeRun] = []
        self.broken = False

    def __call__(self, _program: Program) -> FakeRun:
        if self.broken:
            raise OSError(2, "No such file or directory")
        self.runs.append(FakeRun(100 + len(self.runs)))
        return self.runs[-1]


def kept() -> tuple[Kept, Launcher]:
    launcher = Launcher()
    program = Program(name="worker-1", argv=("true",), directory=Path("/"), environment={})
    return Kept(program, launcher), launcher


def test_backoff_doubles_from_half_a_second_to_ten() -> None:
    assert [backoff(deaths) for deaths in range(1, 8)] == [0.5, 1, 2, 4, 8, 10, 10]
    assert backoff(10_000) == 10


def test_first_start_is_at_once_and_not_worth_telling() -> None:
    one, launcher = kept()
    assert one.tick(0) is None
    assert len(launcher.runs) == 1
    assert one.is_ready()


def test_death_is_told_and_the_program_started_again_when_due() -> None:
    one, launcher = kept()
    one.tick(0)
    launcher.runs[0].code = -9
    assert one.tick(5) == "worker-1 (pid 100) was ended by signal 9; started again in 0.5 s"
    assert one.tick(5.4) is None
    assert len(launcher.runs) == 1
    assert one.tick(5.5) == "worker-1 runs again, pid 101"
    assert one.is_ready()


def test_leaving_without_an_error_is_a_death_too() -> None:
    one, launcher = kept()
    one.tick(0)
    launcher.runs[0].code = 0
    assert one.tick(1) == "worker-1 (pid 100) ended with 0; started again in 0.5 s"


def test_each_death_in_a_row_waits_longer() -> None:
    one, launcher = kept()
    now = 0.0
    waits = []
    for _ in range(7):
        one.tick(now)
        launcher.runs[-1].code = 1
        died = one.tick(now)
        assert died is not None
        waits.append(died.rsplit(" in ")[-1])
        now += 20.0
    assert waits == ["0.5 s", "1 s", "2 s", "4 s", "8 s", "10 s", "10 s"]


def test_having_run_well_for_half_a_minute_forgets_earlier_deaths() -> None:
    one, launcher = kept()
    for now in (0.0, 10.0, 20.0):
        one.tick(now)
        launcher.runs[-1].code = 1
        one.tick(now)
    one.tick(40)
    launcher.runs[-1].code = 1
    assert one.tick(70) == "worker-1 (pid 103) ended with 1; started again in 0.5 s"


def test_program_that_cannot_be_started_is_tried_again() -> None:
    one, launcher = kept()
    launcher.broken = True
    assert one.tick(0) == "worker-1 cannot be started: No such file or directory; started again in 0.5 s"
    launcher.broken = False
    assert one.tick(1) == "worker-1 runs again, pid 100"


def test_steadiness_counts_from_the_present_run() -> None:
    one, launcher = kept()
    one.tick(10)
    assert one.steady_seconds(13) == 3
    launcher.runs[0].code = 1
    assert one.steady_seconds(13) == 0
    one.tick(13)
    one.tick(14)
    assert one.steady_seconds(14.5) == 0.5
