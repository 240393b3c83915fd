"""Cursors: opaque, and good for nothing but the list that gave them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.cursors import MOST_CHARACTERS, read_cursor, write_cursor
from services.console.sorting import SORTS

ID = UUID(int=7)
LIST = ("orders", UUID(int=1), True, "total")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("updatedAt", datetime(2026, 11, 22, 9, 30, 0, 123457, tzinfo=UTC)),
        ("createdAt", datetime(2026, 11, 22, tzinfo=UTC)),
        ("dueDate", date(2026, 11, 22)),
        ("dueDate", None),
        ("total", Decimal("-123456789012.123")),
        ("total", None),
        ("orderNumber", "\U0001f600" * 128),
    ],
)
def test_place_comes_back_as_it_went(word: str, value: Any) -> None:
    cursor = write_cursor(LIST, (value, ID))
    assert read_cursor(LIST, cursor, SORTS[word].place_type) == (value, ID)
    assert len(cursor) <= MOST_CHARACTERS


def test_cursor_of_another_list_is_none() -> None:
    cursor = write_cursor(LIST, (Decimal(1), ID))
    for other in (("orders", UUID(int=2), True, "total"), (*LIST[:2], False, "total"), (*LIST[:3], "-total"), ()):
        assert read_cursor(other, cursor, SORTS["total"].place_type) is None


def test_every_changed_character_is_noticed() -> None:
    cursor = write_cursor(LIST, (Decimal(1), ID))
    for place in range(len(cursor)):
        for character in "A_9":
            changed = cursor[:place] + character + cursor[place + 1 :]
            assert changed == cursor or read_cursor(LIST, changed, SORTS["total"].place_type) in (
                None,
                (Decimal(1), ID),
            )


@given(st.text(max_size=200))
def test_text_of_any_kind_is_none(text: str) -> None:
    assert read_cursor(LIST, text, SORTS["total"].place_type) is None
