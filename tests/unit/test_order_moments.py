"""Dates and moments in a body."""

from typing import Any

import pytest

from tests.order_bodies import NOW, refused, stored, taken


@pytest.mark.parametrize("field", ["invoiceDate", "dueDate"])
def test_dates_are_days_of_the_calendar(field: str) -> None:
    assert stored(field, "2026-11-22") == "2026-11-22"
    assert stored(field, "2028-02-29") == "2028-02-29"
    for wrong in ("2026-02-29", "2026-13-01", "22-11-2026", "2026-1-2", "20261122", "2026-W47-7", "２０２６-11-22", 5):
        assert list(refused(**{field: wrong})) == [f"/{field}"]


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("2026-11-22T09:30:00Z", NOW),
        ("2026-11-22t09:30:00z", NOW),
        ("2026-11-22T10:30:00+01:00", NOW),
        ("2026-11-22T09:29:59.123456Z", NOW - 876_544),
        ("2026-11-22T09:29:59.1234569Z", NOW - 876_544),
        ("2026-11-22T09:30:05Z", NOW + 5_000_000),
        ("2000-01-01T00:00:00Z", 946_684_800_000_000),
    ],
)
def test_occurred_at_is_kept_to_microseconds_and_is_no_field_of_the_order(sent: str, moment: int) -> None:
    draft = taken(occurredAt=sent)
    assert draft.content.occurred_at == moment
    assert "occurredAt" not in draft.content.sets


@pytest.mark.parametrize(
    "sent",
    [
        "2026-11-22T09:30:05.000001Z",
        "1999-12-31T23:59:59.999999Z",
        "2026-11-22T09:30:00",
        "2026-11-22 09:30:00Z",
        "2026-11-22",
        "2026-11-22T09:30Z",
        "2026-11-22T24:00:00Z",
        "2026-02-30T09:30:00Z",
        "2026-11-22T23:59:60Z",
        "2026-11-22T09:30:00+25:00",
        "2026-11-22T09:30:00+09:60",
        "2026-11-22T09:30:00.Z",
        "1790000000",
        1790000000,
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
    ],
)
def test_occurred_at_out_of_bounds_or_in_another_form_is_refused(sent: Any) -> None:
    assert list(refused(occurredAt=sent)) == ["/occurredAt"]
