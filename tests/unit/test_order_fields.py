"""The fields of an order: required, chosen from a few, left out, and cleared."""

import json
import re
from typing import Any

import pytest

from services.worker.orders import FIELD_COLUMNS
from shared.orders.stored import COLUMNS
from shared.orders.view import FIELDS
from tests.order_bodies import ITEM, MINIMAL, OPTIONAL, faults, refused, stored, taken

GOOD: dict[str, Any] = {
    "orderStatus": "delivered",
    "paymentStatus": "paid",
    "customerEmail": "klant@bedrijf.nl",
    "customerName": "De Groot",
    "customerPhone": "+31612345678",
    "customerLanguage": "nl",
    "items": [{"quantity": "2", "name": "Advies", "price": "150"}],
    "total": "300",
    "currency": "EUR",
    "amountPaid": "150",
    "paymentMethod": "iDEAL",
    "invoiceNumber": "2026-042",
    "invoiceUrl": "https://example.com/042.pdf",
    "invoiceDate": "2026-11-22",
    "dueDate": "2026-12-06",
    "paymentUrl": "https://example.com/pay",
    "metadata": {"project": "7"},
}
"""A value of each field, in its stored form."""


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_read_and_a_stored_form_is_stored_as_it_is(name: str) -> None:
    assert stored(name, GOOD[name]) == GOOD[name]


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_a_column_that_workers_write_and_readers_show(name: str) -> None:
    column = {field: column for field, column, _ in FIELD_COLUMNS}[name]
    assert re.search(rf'\b{column}(::text)?( AS "?{name}"?)?,', COLUMNS)


def test_seed_order_is_taken_in_its_stored_form() -> None:
    draft = taken(
        customerEmail="klant@bedrijf.nl",
        customerName="Architectenbureau De Groot",
        items=[
            {"name": "Ontwerp woning - fase 1", "quantity": 1, "price": "2500.00"},
            {"name": "Bouwtechnisch advies", "quantity": 3, "price": "150.00"},
        ],
        total="2950.00",
        currency="EUR",
        paymentStatus="pending",
        invoiceNumber="INV-2026-042",
        invoiceUrl="https://mijn-boekhouding.nl/facturen/INV-2026-042.pdf",
    )
    assert (draft.platform, draft.order_number) == ("custom", "INV-2026-042")
    assert draft.content.sets == {
        "orderStatus": "processing",
        "customerEmail": "klant@bedrijf.nl",
        "customerName": "Architectenbureau De Groot",
        "items": [
            {"quantity": "1", "name": "Ontwerp woning - fase 1", "price": "2500"},
            {"quantity": "3", "name": "Bouwtechnisch advies", "price": "150"},
        ],
        "total": "2950",
        "currency": "EUR",
        "paymentStatus": "pending",
        "invoiceNumber": "INV-2026-042",
        "invoiceUrl": "https://mijn-boekhouding.nl/facturen/INV-2026-042.pdf",
    }
    assert draft.warnings == ()


@pytest.mark.parametrize("name", ["platform", "orderNumber", "orderStatus"])
@pytest.mark.parametrize("absence", [{}, {"value": None}, {"value": ""}])
def test_required_field_that_is_absent_null_or_empty_is_named(name: str, absence: dict[str, Any]) -> None:
    members = {key: value for key, value in MINIMAL.items() if key != name}
    if absence:
        members[name] = absence["value"]
    assert list(faults(json.dumps(members).encode())) == [f"/{name}"]


@pytest.mark.parametrize("status", ["processing", "delivered", "cancelled"])
def test_order_status_is_one_of_three(status: str) -> None:
    assert stored("orderStatus", status) == status


@pytest.mark.parametrize("status", ["pending", "paid", "overdue", "refunded"])
def test_payment_status_is_one_of_four(status: str) -> None:
    assert stored("paymentStatus", status) == status


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("orderStatus", "Processing"),
        ("orderStatus", "sent"),
        ("orderStatus", 1),
        ("paymentStatus", "PAID"),
        ("paymentStatus", "paid "),
        ("paymentStatus", True),
        ("customerLanguage", "de"),
        ("customerLanguage", "nl-NL"),
        ("customerLanguage", 5),
    ],
)
def test_any_other_choice_is_refused_with_the_choices(name: str, value: Any) -> None:
    found = refused(**{name: value})
    assert list(found) == [f"/{name}"]
    assert '"' in found[f"/{name}"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_language_is_dutch_or_english(language: str) -> None:
    assert stored("customerLanguage", language) == language


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_mean_the_same_as_absent(name: str, nothing: str | None) -> None:
    assert taken(**{name: nothing}) == taken()
    with_unknown_field = taken(**{name: nothing}, zzz=1)
    assert (with_unknown_field.content, with_unknown_field.order_number) == (taken().content, "INV-2026-042")


@pytest.mark.parametrize("name", OPTIONAL)
@pytest.mark.parametrize("wrong", [{"a": [1]}, [[1]], True])
def test_wrong_json_type_is_refused(name: str, wrong: Any) -> None:
    pointers = list(refused(**{name: wrong}))
    assert pointers
    assert all(pointer.startswith(f"/{name}") for pointer in pointers)


def test_empty_list_of_items_sets_them_to_none_and_empty_metadata_too() -> None:
    assert stored("items", []) == []
    assert stored("metadata", {}) == {}


@pytest.mark.parametrize("nothing", [None, ""])
def test_price_and_name_of_an_item_are_required_and_quantity_is_not(nothing: str | None) -> None:
    found = refused(items=[{"name": nothing, "price": nothing, "quantity": nothing}, {}])
    assert set(found) == {"/items/0/name", "/items/0/price", "/items/1/name", "/items/1/price"}
    assert stored("items", [{**ITEM, "quantity": nothing}]) == [{**ITEM, "price": "2500", "quantity": "1"}]


@pytest.mark.parametrize("nothing", [None, ""])
def test_price_of_nothing_alone_is_refused_as_missing(nothing: str | None) -> None:
    assert list(refused(items=[{"name": "Advies", "price": nothing}])) == ["/items/0/price"]


def test_clear_empties_optional_fields_whatever_their_order() -> None:
    content = taken(clear=["total", "customerEmail", "total"]).content
    assert content.clears == ("customerEmail", "total")
    assert content == taken(clear=["customerEmail", "total"]).content


def test_every_optional_field_of_the_order_can_be_cleared() -> None:
    clearable = sorted(set(OPTIONAL) - {"paymentStatus", "occurredAt", "clear"})
    assert taken(clear=clearable).content.clears == tuple(clearable)


@pytest.mark.parametrize("name", ["paymentStatus", "occurredAt", "orderStatus", "platform", "clear", "no such", ""])
def test_what_cannot_be_cleared_is_refused(name: str) -> None:
    assert list(refused(clear=["total", name])) == ["/clear/1"]


def test_field_that_is_set_and_cleared_is_refused_but_null_sets_nothing() -> None:
    assert list(refused(customerName="De Groot", clear=["customerName"])) == ["/clear/0"]
    assert taken(customerName=None, clear=["customerName"]).content.clears == ("customerName",)
