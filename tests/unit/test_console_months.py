"""Months, and the span of an overview."""

from datetime import date

import pytest

from services.console.months import Month
from services.console.overview import MOST_MONTHS, span

THIS = Month(2026, 11)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-01", "0000-01", "2026-01-01", "２026-01", ""])
def test_what_is_no_month_is_none(text: str) -> None:
    assert Month.parse(text) is None


def test_month_is_written_as_it_is_read() -> None:
    for text in ("0001-01", "2026-11", "9999-12"):
        assert str(Month.parse(text)) == text


def test_days_of_a_month() -> None:
    assert (Month(2028, 2).first_day, Month(2028, 2).last_day) == (date(2028, 2, 1), date(2028, 2, 29))
    assert Month(9999, 12).last_day == date.max


def test_months_are_counted_over_years_and_stop_at_the_calendars_ends() -> None:
    assert Month(2026, 1).plus(-1) == Month(2025, 12)
    assert Month(2026, 12).plus(13) == Month(2028, 1)
    assert Month(1, 1).plus(-5) == Month(1, 1)
    assert Month(9999, 6).plus(12) == Month(9999, 12)
    assert Month(2025, 12).until(Month(2026, 11)) == 12


def test_span_is_the_last_twelve_months_unless_given() -> None:
    assert span(None, None, THIS) == (Month(2025, 12), THIS)
    assert span(None, Month(2024, 6), THIS) == (Month(2023, 7), Month(2024, 6))
    assert span(Month(2026, 2), None, THIS) == (Month(2026, 2), THIS)
    assert span(Month(2030, 1), None, THIS) == (Month(2030, 1), Month(2030, 1))
    first, last = span(Month(1990, 1), None, THIS)
    assert first.until(last) == MOST_MONTHS
    assert span(Month(2026, 1), Month(2026, 3), THIS) == (Month(2026, 1), Month(2026, 3))
