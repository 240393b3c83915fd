"""An order as it is answered: amounts with the currency's decimals, and what is open of it."""

from typing import Any
from uuid import UUID

import pytest

from shared.orders.identity import Identity
from shared.orders.view import FIELDS, order_view


def shown(**fields: Any) -> dict[str, Any]:
    identity = Identity(UUID(int=1), True, "custom", "1")
    return order_view(identity, UUID(int=2), fields, version=7, created_at=0, updated_at=1)


@pytest.mark.parametrize(
    ("currency", "stored", "answered"),
    [
        ("EUR", "2950", "2950.00"),
        ("EUR", "-12.5", "-12.50"),
        (None, "2950", "2950.00"),
        (None, "0.1", "0.10"),
        ("JPY", "2950", "2950"),
        ("KWD", "2950.5", "2950.500"),
        # The currency came in another submission than the amount: nothing is cut off.
        ("JPY", "0.25", "0.25"),
        ("EUR", "1.255", "1.255"),
    ],
)
def test_amounts_have_at_least_the_currencys_decimals(currency: str | None, stored: str, answered: str) -> None:
    items = [{"name": "a", "quantity": "1.5", "price": stored}]
    order = shown(currency=currency, total=stored, amountPaid=stored, items=items)
    assert (order["total"], order["amountPaid"], order["items"][0]["price"]) == (answered,) * 3
    assert order["items"][0]["quantity"] == "1.5"


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({"total": "2950"}, "2950.00"),
        ({"total": "2950", "amountPaid": "0.01"}, "2949.99"),
        ({"total": "2950", "amountPaid": "3000"}, "-50.00"),
        ({"total": "2950", "paymentStatus": "paid"}, "0.00"),
        ({"total": "2950", "paymentStatus": "paid", "amountPaid": "50"}, "2900.00"),
        ({"total": "999999999999.999", "amountPaid": "0.001", "currency": "KWD"}, "999999999999.998"),
        ({"amountPaid": "1"}, None),
    ],
)
def test_amount_due_is_total_minus_amount_paid_exactly(fields: dict[str, str], due: str | None) -> None:
    assert shown(**fields)["amountDue"] == due


def test_absent_fields_are_there_all_the_same() -> None:
    order = shown()
    assert set(order) == {"id", "platform", "orderNumber", *FIELDS, "amountDue", "version", "createdAt", "updatedAt"}
    assert {name for name in FIELDS if order[name] is not None} == {"items", "metadata"}
    assert order["version"] == "7"
