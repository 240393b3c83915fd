"""Characters: what identifiers refuse is what Unicode calls format characters."""

import sys
import unicodedata

import pytest

from shared.orders.text import identifier_fault, text_fault


def test_identifiers_refuse_every_format_character_of_unicode() -> None:
    everything = map(chr, range(sys.maxunicode + 1))
    passed = [one for one in everything if unicodedata.category(one) == "Cf" and identifier_fault(f"a{one}b") is None]
    assert passed == []


def test_text_refuses_control_characters_separators_and_surrogates_and_nothing_else() -> None:
    refused = {chr(number) for number in range(sys.maxunicode + 1) if text_fault(chr(number)) is not None}
    assert refused == {
        chr(number)
        for number in range(sys.maxunicode + 1)
        if unicodedata.category(chr(number)) in ("Cc", "Cs", "Zl", "Zp")
    }


@pytest.mark.parametrize("value", ["a", "2026/042", "Zoë", "注文", "a b", "😀"])
def test_plain_identifiers_are_taken(value: str) -> None:
    assert identifier_fault(value) is None
