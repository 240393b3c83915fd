"""A connection is given up where it takes nothing, and not for every slip."""

from itertools import pairwise

from shared.patience import Patience


def worn_out(patience: Patience, until: int, *, is_refused: bool, start: int = 0) -> list[int]:
    """Fail once a second; return after how many the patience was worn out."""
    seconds = range(start, start + until)
    return [now - start for now in seconds if patience.failed("a", now, now, is_refused=is_refused)]


def test_one_failure_is_none() -> None:
    assert not Patience().failed("a", 0.0, 100.0, is_refused=True)


def test_failures_with_a_success_between_them_are_none() -> None:
    patience = Patience()
    for now in range(100):
        assert not patience.failed("a", now, now + 4, is_refused=True)
        patience.succeeded("a")


def test_what_succeeds_of_another_kind_does_not_count() -> None:
    patience = Patience()
    told = []
    for now in range(3):
        told.append(patience.failed("a", now, now, is_refused=True))
        patience.succeeded("b")
    assert told == [False, False, True]


def test_silence_is_borne_for_longer_than_refusals() -> None:
    assert worn_out(Patience(), 100, is_refused=True)[0] == 2
    assert worn_out(Patience(), 100, is_refused=False)[0] == 15


def test_it_is_worn_out_ever_more_seldom_and_never_gives_up() -> None:
    for is_refused, longest in ((True, 20), (False, 150)):
        moments = worn_out(Patience(), 2000, is_refused=is_refused)
        pauses = [later - earlier for earlier, later in pairwise(moments)]
        assert pauses[:3] == sorted(pauses[:3])
        assert pauses[0] >= 2 * moments[0]
        assert longest * 0.7 < max(pauses) <= longest + 1
        assert 2000 - moments[-1] <= longest + 1


def test_once_nothing_fails_it_is_as_short_as_at_first() -> None:
    patience = Patience()
    worn_out(patience, 500, is_refused=True)
    patience.succeeded("a")
    assert worn_out(patience, 3, is_refused=True, start=600) == [2]
