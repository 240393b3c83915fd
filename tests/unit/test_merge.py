"""What a batch does to one order, case by case: receipts that depend on no batch's boundary, and marks that stay."""

from collections.abc import Sequence
from uuid import UUID

from services.worker.merge import Merged, Stored, merge_first, merge_into_history, merge_on_top
from shared.contracts import Submission
from shared.fold import Entry, Mark
from tests.submissions import submission

KEY = b"k" * 16


def numbered(number: int, minutes: float, **more: str) -> Submission:
    return submission(minutes=minutes, id=UUID(int=number), **more)  # type: ignore[arg-type]  # fields alone


def keyed(number: int, minutes: float, **more: str) -> Submission:
    return submission(minutes=minutes, id=UUID(int=number), idempotency=KEY, **more)  # type: ignore[arg-type]  # fields alone


def one_by_one(new: Sequence[Submission]) -> dict[UUID, str]:
    """How submissions are settled that come each in a transaction of its own, the first of them newest or not."""
    merged = merge_first(new[:1], 0, {})
    outcomes = outcomes_of(merged)
    history = history_of(merged)
    for one in new[1:]:
        merged = merge_into_history(Stored(merged.identity, merged.state, merged.newest), history, [one], 0, {})
        outcomes |= outcomes_of(merged)
        history += history_of(merged)
    return outcomes


def outcomes_of(merged: Merged) -> dict[UUID, str]:
    return {verdict.submission.id: verdict.outcome for verdict in merged.verdicts}


def history_of(merged: Merged) -> list[Entry]:
    return [
        Entry(
            verdict.submission.id,
            verdict.submission.version,
            verdict.submission.content,
            verdict.submission.fingerprint,
            verdict.submission.idempotency is not None,
            verdict.submission.received_at,
            0,
            verdict.marks,
        )
        for verdict in merged.verdicts
    ]


def test_stale_is_what_newer_ones_have_set_or_cleared_in_full() -> None:
    newer = submission(minutes=20, id=UUID(int=3), clears=("customerName",))
    old = numbered(1, 0, customerName="a")
    filling = numbered(2, 1, customerName="a", currency="EUR")
    wanted = {newer.id: "applied", old.id: "stale", filling.id: "applied"}
    assert one_by_one([newer, old, filling]) == wanted
    assert outcomes_of(merge_first([newer, old, filling], 0, {})) == wanted, "also where they come in one batch"


def test_newer_of_the_same_batch_that_came_later_makes_nothing_stale() -> None:
    first, second = numbered(1, 0, paymentStatus="pending"), numbered(2, 1, paymentStatus="paid")
    assert set(outcomes_of(merge_first([first, second], 0, {})).values()) == {"applied"}
    below = merge_first([numbered(3, 5, customerName="a", status="delivered")], 0, {})
    stored = Stored(below.identity, below.state, below.newest)
    merged = merge_into_history(stored, history_of(below), [first, second], 0, {})
    assert outcomes_of(merged) == {first.id: "applied", second.id: "applied"}


def test_fast_road_calls_stale_what_the_slow_road_does() -> None:
    below = merge_first([numbered(9, 0)], 0, {})
    stored, history = Stored(below.identity, below.state, below.newest), history_of(below)
    new = [
        numbered(1, 5, paymentStatus="paid"),
        numbered(2, 4, paymentStatus="pending"),
        numbered(3, 6, customerName="b"),
    ]
    fast, slow = merge_on_top(stored, new, {}, 0), merge_into_history(stored, history, new, 0, {})
    assert outcomes_of(fast) == outcomes_of(slow)
    assert outcomes_of(fast)[UUID(int=2)] == "stale"


def test_an_equal_one_with_a_key_at_the_same_version_makes_no_duplicate_of_what_counts() -> None:
    stored = merge_first([keyed(2, 0, paymentStatus="paid")], 0, {})
    row = Stored(stored.identity, stored.state, stored.newest)
    merged = merge_into_history(row, history_of(stored), [numbered(1, 0, paymentStatus="paid")], 0, {})
    assert outcomes_of(merged) == {UUID(int=1): "stale"}, "a retry repeats an earlier one, and this comes before it"


def test_what_was_told_of_one_that_lost_its_key_is_not_told_again_when_it_gets_it_back() -> None:
    revived, before = keyed(2, 1, paymentStatus="paid"), numbered(1, 0, paymentStatus="paid", customerName="a")
    marks = {revived.id: Mark.PAID}
    merged = merge_first([before, revived], 0, marks)
    assert merged.told == []
    assert merged.created
    assert {verdict.submission.id: verdict.marks for verdict in merged.verdicts} == {
        before.id: Mark.NONE,
        revived.id: Mark.PAID,
    }
