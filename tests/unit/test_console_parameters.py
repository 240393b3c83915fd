"""Query parameters, and the selection of orders that they describe."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from multidict import MultiDict

from services.console.parameters import Parameters
from services.console.selection import Filters, Selection, read_selection
from services.console.sorting import NEWEST, SORTS
from shared.http.problems import Problem
from shared.keys import ApiKey

KEY = ApiKey(UUID(int=1), UUID(int=2), True, "n", frozenset({"orders:read"}), None, None, None)


def selection_of(*pairs: tuple[str, str]) -> Selection:
    return read_selection(Parameters(MultiDict(pairs)), KEY)


def pointers_of(*pairs: tuple[str, str]) -> list[str]:
    with pytest.raises(Problem) as refused:
        selection_of(*pairs)
    assert (refused.value.status, refused.value.code) == (422, "invalid_parameter")
    return [fault.pointer for fault in refused.value.faults]


def test_nothing_is_the_newest_fifty() -> None:
    selection = selection_of()
    assert (selection.filters, selection.sort, selection.paging.limit) == (Filters(), NEWEST, 50)


def test_every_filter_of_a_list_is_read() -> None:
    selection = selection_of(
        ("paymentStatus", "pending,overdue"),
        ("orderStatus", "processing"),
        ("platform", "custom"),
        ("customerEmail", "Klant@bedrijf.nl"),
        ("q", "100%"),
        ("dueBefore", "2026-11-22"),
        ("updatedSince", "2026-11-22T10:30:00 01:00"),
        ("sort", "-dueDate"),
        ("limit", "500"),
    )
    assert selection.filters == Filters(
        payment_status=("overdue", "pending"),
        order_status=("processing",),
        platform="custom",
        customer_email="Klant@bedrijf.nl",
        q="100%",
        due_before=date(2026, 11, 22),
        updated_since=datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
    )
    assert (selection.sort, selection.paging.limit) == (SORTS["-dueDate"], 500)


@pytest.mark.parametrize(
    ("pairs", "pointers"),
    [
        ([("paymentStatus", "payed")], ["/paymentStatus"]),
        ([("paymentStatus", "")], ["/paymentStatus"]),
        ([("paymentStatus", "paid,")], ["/paymentStatus"]),
        ([("orderStatus", "sent")], ["/orderStatus"]),
        ([("sort", "amount")], ["/sort"]),
        ([("sort", "--total")], ["/sort"]),
        ([("limit", "0")], ["/limit"]),
        ([("limit", "501")], ["/limit"]),
        ([("limit", "+5")], ["/limit"]),
        ([("limit", "٥")], ["/limit"]),
        ([("limit", "1" * 5000)], ["/limit"]),
        ([("limit", "5"), ("limit", "6")], ["/limit"]),
        ([("dueBefore", "2026-02-30")], ["/dueBefore"]),
        ([("dueBefore", "22-11-2026")], ["/dueBefore"]),
        ([("updatedSince", "2026-02-03")], ["/updatedSince"]),
        ([("updatedSince", "9999-12-31T23:59:59-23:59")], ["/updatedSince"]),
        ([("updatedSince", "0001-01-01T00:00:00+23:59")], ["/updatedSince"]),
        ([("q", "")], ["/q"]),
        ([("q", "x" * 201)], ["/q"]),
        ([("q", "a\nb")], ["/q"]),
        ([("q", "\ud800")], ["/q"]),
        ([("platform", "\0")], ["/platform"]),
        ([("cursor", "nonsense")], ["/cursor"]),
        ([("cursor", "é")], ["/cursor"]),
        ([("cursor", "")], ["/cursor"]),
        ([("paymentStatuss", "paid")], ["/paymentStatuss"]),
        ([("a/b~c", "x")], ["/a~1b~0c"]),
        ([("limit", "0"), ("sort", "x"), ("nonsense", "1")], ["/sort", "/limit", "/nonsense"]),
    ],
)
def test_wrong_parameters_are_all_named(pairs: list[tuple[str, str]], pointers: list[str]) -> None:
    assert pointers_of(*pairs) == pointers


def test_thousands_of_unknown_parameters_are_refused_briefly() -> None:
    assert len(pointers_of(*((f"p{number}", "x") for number in range(5000)))) == 20


def test_sentence_names_the_parameters() -> None:
    with pytest.raises(Problem, match=r"2 parameters are wrong \(limit, sort\)"):
        selection_of(("limit", "0"), ("sort", "x"))
