"""Text in a body: what no database, log or page can carry is refused; all else is stored as sent."""

import json
from typing import Any

import pytest

from tests.order_bodies import ITEM, MINIMAL, faults, read, refused, stored, taken

TEXTS = ["customerName", "paymentMethod", "invoiceNumber", "platform", "orderNumber"]
CONTROLS = ["\u0000", "\u0007", "\n", "\r", "\t", "\u001f", "\u007f", "\u0080", "\u009f", "\u2028", "\u2029"]


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("control", CONTROLS)
def test_control_characters_are_refused_in_every_string(field: str, control: str) -> None:
    found = refused(**{field: f"a{control}b"})
    assert list(found) == [f"/{field}"]
    assert control not in found[f"/{field}"]


@pytest.mark.parametrize("control", CONTROLS)
def test_control_characters_are_refused_in_items_and_metadata(control: str) -> None:
    found = refused(items=[{**ITEM, "name": f"a{control}"}], metadata={"k": f"v{control}", f"k{control}": "v"})
    assert len(found) == 3
    assert {"/items/0/name", "/metadata/k"} < set(found)
    assert all(control not in pointer for pointer in found)


@pytest.mark.parametrize("field", ["customerName", "platform", "orderNumber", "customerEmail", "invoiceUrl", "clear"])
@pytest.mark.parametrize("half", [r"\ud800", r"\uDfff", r"\udc00\ud800"])
def test_half_of_a_surrogate_pair_is_a_fault_of_its_field(field: str, half: str) -> None:
    value = f'["{half}"]' if field == "clear" else f'"a{half}"'
    body = json.dumps({**MINIMAL, field: "?"}).replace('"?"', value).encode()
    assert list(faults(body)) == ["/clear/0" if field == "clear" else f"/{field}"]


def test_half_a_surrogate_in_an_unknown_field_or_a_name_is_refused_too() -> None:
    body = json.dumps(MINIMAL).encode()
    assert list(faults(body.replace(b"{", rb'{"zzz": ["\ud800"], ', 1))) == ["/zzz/0"]
    assert list(faults(body.replace(b"{", rb'{"a\ud800": 1, ', 1))) == [""]


def test_whole_surrogate_pair_is_one_character() -> None:
    body = json.dumps({**MINIMAL, "customerName": "?"}).replace("?", r"\ud83d\ude00").encode()
    assert read(body).content.sets["customerName"] == "😀"


@pytest.mark.parametrize("name", ["  De Groot  ", "ﬁ ①", "e\u0301", "أحمد\u202e", "Zoë\u200d", "😀", "<b>&'\"\\"])
def test_other_unicode_in_names_is_stored_as_sent(name: str) -> None:
    assert stored("customerName", name) == name


INVISIBLE = ["\u202e", "\u202a", "\u2066", "\u200b", "\u200d", "\u200f", "\ufeff", "\u00ad", "\u061c", "\U000e0041"]


@pytest.mark.parametrize("field", ["platform", "orderNumber"])
@pytest.mark.parametrize("character", INVISIBLE)
def test_invisible_characters_are_refused_in_identifiers(field: str, character: str) -> None:
    for value in (f"a{character}b", f"{character}a", f"a{character}"):
        assert list(refused(**{field: value})) == [f"/{field}"]


@pytest.mark.parametrize("field", ["platform", "orderNumber"])
@pytest.mark.parametrize("value", [" a", "a ", "\u00a0a", "a\u3000", " "])
def test_identifiers_have_no_space_at_their_ends(field: str, value: str) -> None:
    assert list(refused(**{field: value})) == [f"/{field}"]


@pytest.mark.parametrize("number", ["2026/042", "a b", "INV#1?x=%2F", "Σ-1", "../..", "0"])
def test_order_numbers_may_hold_slashes_and_inner_spaces(number: str) -> None:
    assert taken(orderNumber=number).order_number == number


LIMITS = [
    ("platform", 64),
    ("orderNumber", 128),
    ("customerName", 200),
    ("invoiceNumber", 128),
    ("paymentMethod", 64),
]


@pytest.mark.parametrize(("field", "most"), LIMITS)
@pytest.mark.parametrize("character", ["x", "é", "😀"])
def test_sizes_are_counted_in_characters(field: str, most: int, character: str) -> None:
    taken(**{field: character * most})
    assert list(refused(**{field: character * (most + 1)})) == [f"/{field}"]


def test_items_and_metadata_have_their_sizes() -> None:
    taken(items=[{**ITEM, "name": "x" * 300}])
    assert list(refused(items=[{**ITEM, "name": "x" * 301}])) == ["/items/0/name"]
    assert len(stored("items", [ITEM] * 500)) == 500
    assert list(refused(items=[ITEM] * 501)) == ["/items"]
    pairs = {f"{number:02}" + "k" * 38: "v" * 500 for number in range(20)}
    assert stored("metadata", pairs) == pairs
    assert list(refused(metadata={**pairs, "one more": "v"})) == ["/metadata"]
    assert list(refused(metadata={"k" * 41: "v"})) == ["/metadata"]
    assert list(refused(metadata={"k": "v" * 501})) == ["/metadata/k"]


@pytest.mark.parametrize("value", [None, 5, {}, [], True])
def test_metadata_values_are_strings(value: Any) -> None:
    assert list(refused(metadata={"a/b~c": value})) == ["/metadata/a~1b~0c"]
