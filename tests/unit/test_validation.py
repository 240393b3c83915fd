"""A body as a whole: JSON or not, every fault at once, unknown fields, and both roads that read it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Fault, InvalidInput, MalformedJson
from tests.order_bodies import ITEM, MINIMAL, faults, read, refused, taken


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"{}}",
        b"{'platform': 1}",
        b'{"platform": undefined}',
        b'{"platform": "a",}',
        b'{"total": NaN}',
        b'{"total": Infinity}',
        b'{"total": -Infinity}',
        b'{"total": 01}',
        b'{"total": .5}',
        b'{"total": 5.}',
        b'{"total": +5}',
        b'{"total": 1_000}',
        b'{"name": "a\nb"}',
        b'{"name": "\\x"}',
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        '{"name": "a"}'.encode("utf-16"),
        b'{"a": 1} {"a": 2}',
        b"\x1f\x8b\x08",
        b"platform=custom&orderNumber=1",
    ],
)
def test_what_is_not_json_is_malformed_and_not_echoed(body: bytes) -> None:
    with pytest.raises(MalformedJson) as refusal:
        read(body)
    assert "platform" not in str(refusal.value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"platform": "a", "platform": "a"}',
        b'{"items": [{"name": "a", "price": "1", "price": "2"}]}',
        b'{"metadata": {"a": "1", "\\u0061": "2"}}',
        b'{"zzz": {"a": 1, "a": 1}}',
    ],
)
def test_member_sent_twice_is_malformed_at_any_depth(body: bytes) -> None:
    with pytest.raises(MalformedJson, match="twice"):
        read(body)


@pytest.mark.parametrize("document", [b"[]", b'"x"', b"5", b"null", b"true", b"[{}]"])
def test_json_that_is_no_object_is_a_fault_of_the_whole(document: bytes) -> None:
    assert list(faults(document)) == [""]


DEPTHS = [*range(900, 1010, 3), 5_000, 100_000]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("core", [b"1", b'"\\ud800"'])
def test_nesting_of_any_depth_is_answered(depth: int, opening: bytes, core: bytes) -> None:
    nested = opening * depth + core + (b"]" if opening == b"[" else b"}") * depth
    body = json.dumps(MINIMAL).encode().replace(b"{", b'{"zzz": ' + nested + b", ", 1)
    try:
        pointers = [warning.pointer for warning in read(body).warnings]
    except InvalidInput:
        return
    assert pointers == ["/zzz"]


def test_number_of_a_hundred_thousand_digits_is_refused() -> None:
    body = json.dumps(MINIMAL).encode().replace(b"{", b'{"total": ' + b"9" * 100_000 + b", ", 1)
    assert list(faults(body)) == ["/total"]


def test_every_fault_is_reported_at_once() -> None:
    found = refused(
        platform="a\u0007",
        orderStatus="sent",
        customerEmail="klant",
        customerPhone="bel mij",
        items=[{"name": "a", "price": "1"}, {"price": "2.950,00", "quantity": 0}, 5],
        total="1e3",
        currency="eur",
        invoiceUrl="x",
        dueDate="morgen",
        occurredAt="nu",
        metadata={"k": 1},
        clear=["zzz"],
    )
    assert set(found) == {
        "/platform",
        "/orderStatus",
        "/customerEmail",
        "/customerPhone",
        "/items/1/name",
        "/items/1/price",
        "/items/1/quantity",
        "/items/2",
        "/total",
        "/currency",
        "/invoiceUrl",
        "/dueDate",
        "/occurredAt",
        "/metadata/k",
        "/clear/0",
    }
    assert all(message.startswith(("must", "is ", "names")) for message in found.values())


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("paymentstatus", "paymentStatus"),
        ("payment_status", "paymentStatus"),
        ("customerEmial", "customerEmail"),
        ("amount_paid", "amountPaid"),
        ("invoiceURL", "invoiceUrl"),
    ],
)
def test_unknown_field_is_a_warning_that_names_the_nearest(unknown: str, nearest: str) -> None:
    draft = taken(**{unknown: "x"})
    assert draft.content == taken().content
    assert [warning.pointer for warning in draft.warnings] == [f"/{unknown}"]
    assert f"did you mean {nearest}?" in draft.warnings[0].message


def test_unknown_fields_of_items_are_warnings_too() -> None:
    draft = taken(items=[{**ITEM, "prise": 1, "vat/rate": 21}])
    assert draft.content.sets["items"] == [{"quantity": "1", "name": ITEM["name"], "price": "2500"}]
    assert [warning.pointer for warning in draft.warnings] == ["/items/0/prise", "/items/0/vat~1rate"]
    assert "price" in draft.warnings[0].message


def test_strict_makes_unknown_fields_faults() -> None:
    body = json.dumps({**MINIMAL, "paymentstatus": "paid", "items": [{**ITEM, "x": 1}], "total": "1e3"}).encode()
    assert set(faults(body, strict=True)) == {"/paymentstatus", "/items/0/x", "/total"}
    assert read(json.dumps(MINIMAL).encode(), strict=True) == taken()


def test_names_that_cannot_be_shown_are_not_echoed_into_pointers() -> None:
    draft = taken(**{"\u0000\u001b[31m": 1, "x" * 1000: 1})
    pointers = [warning.pointer for warning in draft.warnings]
    assert all(pointer.isprintable() and len(pointer) < 100 for pointer in pointers), pointers


def test_at_most_a_hundred_warnings_and_faults_are_reported() -> None:
    many: dict[str, Any] = {f"field{number}": 1 for number in range(20_000)}
    assert len(taken(**many).warnings) == 100
    assert len(faults(json.dumps({**MINIMAL, **many}).encode(), strict=True)) == 100
    assert len(refused(items=[{"name": "a", "price": "x"}] * 500)) == 100


ABSURD = st.sampled_from(
    [
        None,
        "",
        5,
        5.5,
        True,
        [],
        {},
        [1],
        {"a": 1},
        "x",
        "\u0000",
        "2.950,00",
        "1.005",
        "-1",
        "1e3",
        "\u202e",
        "x" * 600,
    ]
)
ITEM_MEMBERS = {"name": st.just("Advies"), "price": st.sampled_from(["1", "2950.00", 2950.0, "-1", 0])}
ITEM_OPTIONAL = {"quantity": st.sampled_from([1, "2.5", "", None])}
GOOD = {
    "paymentStatus": st.sampled_from(["paid", "overdue", None]),
    "customerEmail": st.just("klant@bedrijf.nl"),
    "customerName": st.text(st.characters(exclude_categories=["C", "Z"]), max_size=3),
    "customerPhone": st.just("0612345678"),
    "customerLanguage": st.sampled_from(["nl", ""]),
    "items": st.lists(st.fixed_dictionaries(ITEM_MEMBERS, optional=ITEM_OPTIONAL), max_size=3),
    "total": st.sampled_from(["1", "2950.00", 2950.0, "-1", ""]),
    "amountPaid": st.sampled_from(["1", 0, None]),
    "currency": st.sampled_from(["EUR", "JPY", "KWD"]),
    "invoiceUrl": st.just("https://example.com"),
    "dueDate": st.just("2026-11-22"),
    "occurredAt": st.just("2026-11-22T09:00:00Z"),
    "metadata": st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=3),
    "clear": st.lists(st.sampled_from(["paymentUrl", "customerName", "paymentStatus"]), max_size=2),
}
ORDERS = st.fixed_dictionaries({name: st.just(value) for name, value in MINIMAL.items()}, optional=GOOD)
SPOILED_MEMBERS = st.dictionaries(st.sampled_from([*MINIMAL, *GOOD]), ABSURD, max_size=2)
SPOILED_ITEM = st.dictionaries(st.sampled_from(["name", "price", "quantity"]), ABSURD, max_size=1)


def outcome(body: bytes) -> tuple[str, str, Any] | tuple[Fault, ...]:
    try:
        draft = read(body)
    except InvalidInput as refusal:
        return tuple(sorted(refusal.faults, key=lambda fault: fault.pointer))
    return draft.platform, draft.order_number, draft.content


@settings(max_examples=400)
@given(ORDERS, SPOILED_MEMBERS, SPOILED_ITEM)
def test_reading_member_by_member_ends_as_reading_at_once(
    order: dict[str, Any], spoiled: dict[str, Any], spoiled_item: dict[str, Any]
) -> None:
    if order.get("items"):
        order["items"][0] |= spoiled_item
    order |= spoiled
    # An unknown member sends the body down the slow road, and changes nothing else.
    at_once, by_member = outcome(json.dumps(order).encode()), outcome(json.dumps({**order, "zzz": 1}).encode())
    assert at_once == by_member
