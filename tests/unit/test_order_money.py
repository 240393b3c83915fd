"""Money, currencies and quantities in a body: exact, or refused with the right form."""

import json
from typing import Any

import pytest

from tests.order_bodies import ITEM, MINIMAL, faults, read, refused, stored, taken

WRONG_MONEY = [
    "2.950,00",
    "2,950.00",
    "2950,00",
    "1e3",
    "1E+3",
    "NaN",
    "Infinity",
    "-Infinity",
    "1_000",
    "٢٩٥٠",
    "2950.0٠",
    "२९५०",
    "29५0",
    "5.",
    ".5",
    "0005",
    "00",
    "00.50",
    "+5",
    "-0",
    "-0.00",
    "--5",
    "- 5",
    " 5",
    "5 ",
    "5\n",
    "5\u0000",
    "€5",
    "EUR 5",
    "0x10",
    "5.000",
    "5.0.0",
    "1/2",
    "\u22125",
    "1234567890123",
    "1000000000000.00",
]


@pytest.mark.parametrize("field", ["total", "amountPaid"])
@pytest.mark.parametrize("wrong", WRONG_MONEY)
def test_money_in_another_form_is_refused_and_the_right_form_shown(field: str, wrong: str) -> None:
    found = refused(**{field: wrong})
    assert list(found) == [f"/{field}"]
    assert '"2950.50"' in found[f"/{field}"]


@pytest.mark.parametrize("wrong", WRONG_MONEY)
def test_price_in_another_form_is_refused(wrong: str) -> None:
    assert list(refused(items=[ITEM, {"name": "Advies", "price": wrong}])) == ["/items/1/price"]


@pytest.mark.parametrize(
    "raw", ["1e3", "1E3", "2.95e3", "-0", "-0.0", "0.001", "1234567890123", "1e400", "true", "[5]", "{}"]
)
def test_json_number_that_is_not_exactly_money_is_refused(raw: str) -> None:
    body = json.dumps({**MINIMAL, "total": "?"}).replace('"?"', raw).encode()
    assert list(faults(body)) == ["/total"]


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ('"0"', "0"),
        ('"0.00"', "0"),
        ("0", "0"),
        ("2950", "2950"),
        ("2950.00", "2950"),
        ("2950.5", "2950.5"),
        ('"2950.50"', "2950.5"),
        ('"999999999999.99"', "999999999999.99"),
        ("999999999999.99", "999999999999.99"),
        ('"\\u0035"', "5"),
    ],
)
def test_plain_digits_are_kept_exactly_as_string_or_number(raw: str, kept: str) -> None:
    for field in ("total", "amountPaid"):
        body = json.dumps({**MINIMAL, field: "?"}).replace('"?"', f"  {raw} ").encode()
        assert read(body).content.sets[field] == kept


def test_minus_stands_only_on_total_and_price() -> None:
    assert stored("total", "-12.10") == "-12.1"
    assert stored("total", -12.5) == "-12.5"
    assert stored("items", [{"name": "Credit", "price": "-12.10"}])[0]["price"] == "-12.1"
    assert list(refused(amountPaid="-1")) == ["/amountPaid"]
    assert list(refused(items=[{**ITEM, "quantity": "-1"}])) == ["/items/0/quantity"]


@pytest.mark.parametrize(
    ("currency", "right", "wrong"),
    [
        ("EUR", "1.25", "1.255"),
        ("JPY", "1250", "1250.5"),
        ("KWD", "1.255", "1.2555"),
        ("ISK", "7", "7.0"),
        (None, "1.25", "1.255"),
    ],
)
def test_decimals_follow_the_currency_of_the_same_body(currency: str | None, right: str, wrong: str) -> None:
    item = {"name": "Advies", "price": right}
    assert taken(currency=currency, total=right, amountPaid=right, items=[item])
    found = refused(currency=currency, total=wrong, amountPaid=wrong, items=[{"name": "Advies", "price": wrong}])
    assert set(found) == {"/total", "/amountPaid", "/items/0/price"}


@pytest.mark.parametrize("code", ["EUR", "USD", "GBP", "CHF", "SEK", "JPY", "KWD", "PLN"])
def test_currency_is_an_iso_code_in_capitals(code: str) -> None:
    assert stored("currency", code) == code


@pytest.mark.parametrize("code", ["eur", "Eur", "EURO", "E", "€", "XXX", "ZZZ", "NLG", " EU", "EU\n"])
def test_lower_case_and_unknown_currencies_are_refused_and_a_right_one_shown(code: str) -> None:
    found = refused(currency=code)
    assert list(found) == ["/currency"]
    assert "EUR" in found["/currency"]


@pytest.mark.parametrize("quantity", ["1", 1, "0.5", 0.5, "2.125", "999999999999"])
def test_quantity_is_above_zero_with_up_to_three_decimals(quantity: Any) -> None:
    assert stored("items", [{**ITEM, "quantity": quantity}])[0]["quantity"] == str(quantity)


@pytest.mark.parametrize("quantity", ["0", 0, "0.000", "1.0001", "-1", "1e1", "one", True, [], "1,5"])
def test_any_other_quantity_is_refused(quantity: Any) -> None:
    assert list(refused(items=[{**ITEM, "quantity": quantity}])) == ["/items/0/quantity"]
