"""CSV that no spreadsheet runs."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.spreadsheet import COLUMNS, defuse, header, lines_of


@pytest.mark.parametrize(
    "text", ["=1+1", "+31612345678", "-", "-1-1", "-1e5", "@x", "\tx", "\rx", "\n=x", "-12.", "=", "+5"]
)
def test_what_begins_like_a_formula_is_defused(text: str) -> None:
    assert defuse(text) == f"'{text}"


@pytest.mark.parametrize("text", ["\uff1d1+1", "\uff0b1", "\uff0d1", "\uff0d12.50", "\uff20SUM(A1)"])
def test_full_width_signs_are_signs_to_some_programs(text: str) -> None:
    assert defuse(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "-1", "12", "", "x=1", " =1", "'=1", "1+1", "a@b.nl"])
def test_numbers_and_all_else_stay(text: str) -> None:
    assert defuse(text) == text


def order(**values: Any) -> dict[str, Any]:
    return {**dict.fromkeys(COLUMNS), **values}


def test_lines_end_as_rfc_4180_says_and_quotes_are_doubled() -> None:
    assert header() == ",".join(COLUMNS).encode() + b"\r\n"
    line = lines_of([order(platform="a,b", orderNumber='c"d', items=[{"name": "é"}])])
    assert line.startswith(b'"a,b","c""d",')
    assert line.endswith('"[{""name"":""é""}]",\r\n'.encode())
    assert lines_of([]) == b""


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=4, max_size=4))
def test_a_reader_gets_back_what_was_written(texts: list[str]) -> None:
    names = ("platform", "orderNumber", "customerName", "paymentMethod")
    written = lines_of([order(**dict(zip(names, texts, strict=True)))])
    (row,) = csv.reader(io.StringIO(written.decode(), newline=""))
    assert [row[COLUMNS.index(name)] for name in names] == [defuse(text) for text in texts]
