"""The merge against a second, slower model that is written from the product's rules alone."""

from collections.abc import Sequence
from itertools import permutations
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.fold import Entry, Mark, Recent, State, advance, fold
from shared.orders.content import Content
from shared.versions import version_at

MINUTE = 60_000_000
START = 1_790_000_000_000_000
PAYMENTS = {"paid": Mark.PAID, "overdue": Mark.OVERDUE, "refunded": Mark.REFUNDED}


def entry(number: int, minutes: float = 0, *, keyed: bool = False, clears: tuple[str, ...] = (), **sets: str) -> Entry:
    content = Content({"orderStatus": "processing", **sets}, clears)
    moment = START + int(minutes * MINUTE)
    return Entry(UUID(int=number), version_at(moment), content, content.fingerprint(), keyed, moment, moment)


def arrive(arrivals: Sequence[Sequence[Entry]]) -> tuple[list[Entry], list[tuple[Mark, UUID]]]:
    """Store batches one after the other as a worker does; return the marked history, and what was told."""
    stored: dict[UUID, Entry] = {}
    told = []
    for batch in arrivals:
        for new in batch:
            stored.setdefault(new.id, new)
        for run in fold(stored.values()).untold(stored.values()):
            first = run.members[0]
            stored[first] = _marked(stored[first], run.mark)
            told.append((run.mark, first))
    return list(stored.values()), told


def _marked(one: Entry, mark: Mark) -> Entry:
    return Entry(
        one.id,
        one.version,
        one.content,
        one.fingerprint,
        one.keyed,
        one.received_at,
        one.settled_at,
        one.marks | mark,
    )


def model(history: Sequence[Entry]) -> tuple[dict[str, object], list[Mark]]:
    """The rules of merging, read word by word: the fields, and the runs in version order."""
    effective: list[Entry] = []
    ordered = sorted(history, key=lambda one: (one.version, one.id.bytes))
    for index, one in enumerate(ordered):
        equals = [other for other in ordered[:index] if other.content == one.content]
        retry = equals and (one.version >> 11) - (equals[-1].version >> 11) <= 10 * MINUTE
        if not (retry and not one.keyed):
            effective.append(one)
    fields: dict[str, object] = {}
    for one in effective:
        fields |= one.content.sets
        for name in one.content.clears:
            fields.pop(name, None)
    statuses = [one.content.sets["paymentStatus"] for one in effective if "paymentStatus" in one.content.sets]
    runs = [status for index, status in enumerate(statuses) if index == 0 or statuses[index - 1] != status]
    return fields, sorted(PAYMENTS[status] for status in runs if status in PAYMENTS)


entries = st.lists(
    st.builds(
        entry,
        st.integers(1, 1000),
        st.sampled_from([0, 1, 1, 5, 9, 10, 10.5, 19, 25]),
        keyed=st.booleans(),
        clears=st.sampled_from([(), ("customerName",)]),
        paymentStatus=st.sampled_from(["pending", "paid", "overdue", "refunded"]),
    )
    | st.builds(entry, st.integers(1, 1000), st.sampled_from([0, 2, 7, 12]), customerName=st.sampled_from("ab")),
    max_size=6,
    unique_by=lambda one: one.id,
)


@given(entries)
def test_fold_follows_the_rules(history: list[Entry]) -> None:
    folded = fold(history)
    fields, runs = model(history)
    assert folded.state.fields == fields
    assert sorted(run.mark for run in folded.runs if run.mark in PAYMENTS.values()) == runs


@given(entries, st.randoms(use_true_random=False))
def test_arrival_order_does_not_matter(history: list[Entry], random: object) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands a Random under a wider type
    assert fold(history) == fold(shuffled)


@settings(max_examples=60)
@given(entries.filter(lambda some: len(some) <= 5), st.data())
def test_every_run_is_told_once_in_every_order_of_arrival(history: list[Entry], data: st.DataObject) -> None:
    keyed = [Entry(e.id, e.version, e.content, e.fingerprint, True, e.received_at, e.settled_at) for e in history]
    expected = model(keyed)[1]
    for arrival in permutations(keyed):
        cut = data.draw(st.integers(0, len(arrival))) if len(arrival) > 3 else 1
        batches = [arrival[:cut], *([one] for one in arrival[cut:]), arrival]
        _, told = arrive(batches)
        assert sorted(mark for mark, _ in told) == expected


@given(entries)
def test_fast_road_equals_slow_road(history: list[Entry]) -> None:
    state, recent, runs = State(), Recent(), []
    for one in sorted(history, key=lambda one: one.place):
        if recent.original_of(one) is None:
            runs += [(run.mark, run.members[0]) for run in advance(state, one)]
    folded = fold(history)
    assert state == folded.state
    assert runs == [(run.mark, run.members[0]) for run in folded.runs]


def test_items_and_metadata_are_replaced_whole() -> None:
    first = entry(1, 0, items=[{"name": "a"}, {"name": "b"}], metadata={"a": "1", "b": "2"})  # type: ignore[arg-type]
    second = entry(2, 1, items=[{"name": "c"}], metadata={"b": "3"})  # type: ignore[arg-type]
    fields = fold([second, first]).state.fields
    assert (fields["items"], fields["metadata"]) == ([{"name": "c"}], {"b": "3"})


def test_late_retry_of_pending_never_undoes_paid() -> None:
    history = [
        entry(1, 0, paymentStatus="pending"),
        entry(2, 1, paymentStatus="paid"),
        entry(3, 2, paymentStatus="pending"),
    ]
    folded = fold(history)
    assert folded.state.fields["paymentStatus"] == "paid"
    assert folded.duplicates == {UUID(int=3): UUID(int=1)}


def test_retries_chain_beyond_ten_minutes() -> None:
    folded = fold([entry(number, 9 * number, paymentStatus="paid") for number in (1, 2, 3)])
    assert folded.duplicates == {UUID(int=2): UUID(int=1), UUID(int=3): UUID(int=1)}


def test_an_equal_submission_after_ten_minutes_counts() -> None:
    history = [
        entry(1, 0, paymentStatus="paid"),
        entry(2, 1, paymentStatus="refunded"),
        entry(3, 10.01, paymentStatus="paid"),
    ]
    assert fold(history).state.fields["paymentStatus"] == "paid"
    assert [run.mark for run in fold(history).runs] == [Mark.PAID, Mark.REFUNDED, Mark.PAID]


def test_what_splits_a_run_adds_one_and_what_lengthens_it_adds_nothing() -> None:
    paid = entry(1, 0, paymentStatus="paid", customerName="a")
    later = entry(2, 20, paymentStatus="paid")
    between = entry(3, 10, paymentStatus="pending")
    assert [told for _, told in arrive([[paid], [later]])[1]] == [UUID(int=1)]
    assert [told for _, told in arrive([[paid], [later], [between]])[1]] == [UUID(int=1), UUID(int=2)]


def test_a_mark_on_a_retry_counts_for_what_it_repeats() -> None:
    retry, original = entry(2, 5, paymentStatus="paid"), entry(1, 0, paymentStatus="paid")
    assert [told for _, told in arrive([[retry], [original]])[1]] == [UUID(int=2)]


def test_partial_payment_is_told_once_for_each_higher_amount() -> None:
    history = [
        entry(1, 0, paymentStatus="pending", amountPaid="100"),
        entry(2, 20, amountPaid="100"),
        entry(3, 40, amountPaid="99"),
        entry(4, 60, amountPaid="150"),
        entry(5, 80, amountPaid="200", paymentStatus="paid"),
    ]
    partial = [run.members for run in fold(history).runs if run.mark is Mark.PARTIAL]
    assert partial == [[UUID(int=1)], [UUID(int=4)]]
