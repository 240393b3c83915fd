"""What POST /orders takes and refuses, field by field."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Fault, InvalidInput, MalformedJson
from shared.orders.content import Draft
from shared.orders.moments import to_microseconds
from shared.orders.validation import read_order

NOW = to_microseconds(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
MINIMAL = {"platform": "custom", "orderNumber": "INV-2026-042", "orderStatus": "processing"}
ITEM = {"name": "Ontwerp woning - fase 1", "price": "2500.00"}


def read(body: bytes, *, strict: bool = False) -> Draft:
    return read_order(body, strict=strict, now=NOW)


def taken(**members: Any) -> Draft:
    return read(json.dumps({**MINIMAL, **members}).encode())


def stored(name: str, value: Any, **others: Any) -> Any:
    """The value of one field as it is stored."""
    return taken(**{name: value}, **others).content.sets.get(name)


def faults(body: bytes, *, strict: bool = False) -> dict[str, str]:
    """The faults of a body by their pointers."""
    with pytest.raises(InvalidInput) as refused:
        read(body, strict=strict)
    assert not isinstance(refused.value, MalformedJson), "refused as no JSON at all"
    assert len({fault.pointer for fault in refused.value.faults}) == len(refused.value.faults), "a pointer named twice"
    return {fault.pointer: fault.message for fault in refused.value.faults}


def refused(**members: Any) -> dict[str, str]:
    return faults(json.dumps({**MINIMAL, **members}).encode())


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


# --- required fields and choices


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


# --- absent, null and ""

OPTIONAL = [
    "customerEmail",
    "customerName",
    "customerPhone",
    "customerLanguage",
    "items",
    "total",
    "currency",
    "paymentStatus",
    "paymentMethod",
    "invoiceNumber",
    "invoiceUrl",
    "invoiceDate",
    "dueDate",
    "paymentUrl",
    "amountPaid",
    "occurredAt",
    "metadata",
    "clear",
]


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


# --- money

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


# --- text

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
@pytest.mark.parametrize("half", [r"\ud800", r"\udfff", r"\udc00\ud800"])
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


# --- contact

LONG_EMAIL = "k" * 64 + "@" + ".".join(["d" * 62] * 2 + ["e" * 60, "nl"])


def test_email_is_stored_as_sent_and_checked_without_dns() -> None:
    for email in ("klant@example.com", "Klant+Factuur@Bedrijf.NL", "jörg@müller.de", LONG_EMAIL):
        assert stored("customerEmail", email) == email
    assert len(LONG_EMAIL) == 254


@pytest.mark.parametrize(
    "email",
    [
        "klant",
        "klant@",
        "@bedrijf.nl",
        "klant@bedrijf",
        "a b@bedrijf.nl",
        "klant@bedrijf..nl",
        "klant@-bedrijf.nl",
        "Klant <klant@bedrijf.nl>",
        "klant@bedrijf.nl, ander@bedrijf.nl",
        "klant@bedrijf.nl\n",
        "klant@[127.0.0.1]",
        LONG_EMAIL.replace("@d", "@dd"),
    ],
)
def test_what_is_no_email_address_is_refused_without_an_echo(email: str) -> None:
    found = refused(customerEmail=email)
    assert list(found) == ["/customerEmail"]
    assert found["/customerEmail"].startswith("must")
    assert email not in found["/customerEmail"].removesuffix("such as klant@bedrijf.nl")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("06 12345678", "+31612345678"),
        ("06-12345678", "+31612345678"),
        ("(020) 123 4567", "+31201234567"),
        ("+31 6 12345678", "+31612345678"),
        ("0031612345678", "+31612345678"),
        ("+32 470 12 34 56", "+32470123456"),
        ("+1 (212) 555-0123", "+12125550123"),
        ("+31 6" + " " * 19 + "12345678", "+31612345678"),
    ],
)
def test_phone_in_any_usual_notation_is_stored_as_e164(sent: str, kept: str) -> None:
    assert stored("customerPhone", sent) == kept


@pytest.mark.parametrize("phone", ["bel mij", "12", "+", "+999 1", "06\u000012345678", "+31 6" + " " * 20 + "12345678"])
def test_what_is_no_phone_number_is_refused(phone: str) -> None:
    assert list(refused(customerPhone=phone)) == ["/customerPhone"]


@pytest.mark.parametrize("field", ["invoiceUrl", "paymentUrl"])
@pytest.mark.parametrize(
    "url",
    [
        "https://mijn-boekhouding.nl/facturen/INV-2026-042.pdf",
        "http://localhost:8080/a?b=c&d=%20#e",
        "https://tikkie.me/pay/abc",
        "https://müller.de/ä",
        "https://example.com/" + "x" * 2028,
    ],
)
def test_absolute_http_urls_are_stored_as_sent(field: str, url: str) -> None:
    assert stored(field, url) == url


@pytest.mark.parametrize("field", ["invoiceUrl", "paymentUrl"])
@pytest.mark.parametrize(
    "url",
    [
        "facturen/42.pdf",
        "//example.com/x",
        "ftp://example.com/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///x",
        "https://./x",
        "http:example.com",
        "https://user:secret@example.com/",
        "https://user@example.com/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/a b",
        'https://example.com/"x"',
        "https://example.com/<x>",
        "https://exa\nmple.com/",
        "https://[::1/",
        " https://example.com/",
        "https://example.com/" + "x" * 2029,
    ],
)
def test_any_other_url_is_refused(field: str, url: str) -> None:
    assert list(refused(**{field: url})) == [f"/{field}"]


# --- dates and moments


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


# --- clear


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


# --- the whole body


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


# --- both roads

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
