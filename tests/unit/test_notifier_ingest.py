"""Whether the workers are behind, told from the queue's depth and what was settled since."""

from services.notifier.ingest import LATE_SECONDS, Ingest
from shared.contracts import WorkerPulse


class Broker:
    async def depth(self, queue: str) -> int:
        raise AssertionError(queue)


class Watched:
    """An `Ingest` on a clock that the test turns."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ingest = Ingest(Broker(), "submissions", monotonic=lambda: self.now)

    def second(self, depth: int, settled: int = 0) -> bool:
        self.now += 1
        if settled:
            self.ingest.take_pulse(WorkerPulse(settled * 10, settled))
        self.ingest.note(depth)
        return self.ingest.is_behind()


def test_nobody_knows_before_the_first_look_and_once_the_broker_is_silent() -> None:
    watched = Watched()
    assert watched.ingest.is_behind()
    assert not watched.second(0)
    watched.now += LATE_SECONDS + 1
    assert watched.ingest.is_behind()


def test_what_waits_at_the_first_look_may_have_waited_for_long() -> None:
    watched = Watched()
    assert watched.second(3)
    assert not watched.second(5, settled=6)


def test_a_queue_that_is_never_empty_is_not_late_while_it_moves() -> None:
    watched = Watched()
    watched.second(0)
    assert not any(watched.second(40, settled=50) for _ in range(60))


def test_a_queue_that_stands_still_is_late_and_one_that_has_been_emptied_is_not() -> None:
    watched = Watched()
    for _ in range(10):
        watched.second(0)
    assert [watched.second(7) for _ in range(8)] == [False] * 5 + [True] * 3
    assert not watched.second(0, settled=7)


def test_workers_that_settle_less_than_what_waited_are_late() -> None:
    watched = Watched()
    for depth in range(10):
        watched.second(1000 + 10 * depth, settled=5)
    assert watched.second(1100, settled=5)
