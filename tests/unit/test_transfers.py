"""The QR code of a SEPA credit transfer, read by a reader that is not ours and compared field by field (EPC069-12)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from shared.account_settings import AccountSettings
from shared.messages.account import Account
from shared.messages.order import Order
from shared.messages.transfers import draw_code, transfer_of
from tests.qr_codes import read_code

IBAN = "NL91ABNA0417164300"
ACCOUNT = Account("Studio Jansen", AccountSettings(iban=IBAN))
ORDER = Order(
    id=UUID(int=1),
    account=UUID(int=2),
    live=True,
    platform="custom",
    number="INV-2026-042",
    order_status="delivered",
    payment_status="overdue",
    total=Decimal("2950.00"),
    amount_paid=Decimal("100.50"),
    currency="EUR",
    invoice_number="F-42",
)


def code_of(order: Order = ORDER, account: Account = ACCOUNT) -> list[str]:
    transfer = transfer_of(order, account)
    assert transfer is not None
    png = draw_code(transfer)
    assert png is not None
    code = read_code(png)
    assert code.ec_level == "M"
    # As bytes: what the reader makes of the encoding is its own affair.
    return code.bytes.decode().split("\n")


def test_every_field_stands_where_the_guideline_has_it() -> None:
    assert code_of() == [
        "BCD",
        "002",
        "1",
        "SCT",
        "",
        "Studio Jansen",
        IBAN,
        "EUR2849.5",
        "",
        "",
        "F-42",
    ]


def test_the_bic_and_the_senders_name_are_used_where_they_are_set() -> None:
    settings = AccountSettings(iban="nl91 abna 0417 1643 00", bic="ABNANL2A", sender_name="Zoë Ø'Brien & 日本")
    fields = code_of(account=Account("x", settings))
    assert fields[4:7] == ["ABNANL2A", "Zoë Ø'Brien & 日本", IBAN]


def test_a_creditor_reference_is_structured_and_anything_else_is_text() -> None:
    assert code_of(replace(ORDER, invoice_number="RF18 5390 0754 7034"))[9:] == ["RF18539007547034"]
    assert code_of(replace(ORDER, invoice_number="RF19539007547034"))[9:] == ["", "RF19539007547034"]
    assert code_of(replace(ORDER, invoice_number=None))[10] == "INV-2026-042"


def test_names_and_references_are_cut_to_what_fits_and_stay_on_their_line() -> None:
    fields = code_of(
        replace(ORDER, invoice_number="a\u2028b\x85c" + "9" * 130), Account("n" * 100, AccountSettings(iban=IBAN))
    )
    assert (len(fields), fields[5], len(fields[10])) == (11, "n" * 70, 135)


@pytest.mark.parametrize("amount", ["0.01", "1", "10", "999999999.99", "1234.50"])
def test_the_amount_is_the_open_one(amount: str) -> None:
    order = replace(ORDER, total=Decimal(amount), amount_paid=None)
    assert Decimal(code_of(order)[7].removeprefix("EUR")) == Decimal(amount)


@pytest.mark.parametrize(
    "fields",
    [
        {"total": Decimal("1000000000"), "amount_paid": None},
        {"total": Decimal("0.004"), "amount_paid": None},
        {"total": Decimal("1.005"), "amount_paid": None},
        {"total": None},
        {"currency": None},
    ],
)
def test_what_cannot_be_transferred_as_it_is_has_no_code_but_the_words(fields: dict[str, Any]) -> None:
    transfer = transfer_of(replace(ORDER, **fields), ACCOUNT)
    assert transfer is not None
    assert draw_code(transfer) is None


def test_what_does_not_fit_in_a_code_has_none() -> None:
    transfer = transfer_of(replace(ORDER, invoice_number="日" * 128), replace_name("本" * 70))
    assert transfer is not None
    assert draw_code(transfer) is None


def replace_name(name: str) -> Account:
    return Account(name, AccountSettings(iban=IBAN))


@pytest.mark.parametrize(
    ("order", "account"),
    [
        ({"amount_paid": Decimal(2950)}, ACCOUNT),
        ({"currency": "USD"}, ACCOUNT),
        ({}, Account("Studio Jansen")),
        ({}, Account("Studio Jansen", AccountSettings(iban="NL91ABNA0417164301"))),
        ({}, Account(None, AccountSettings(iban=IBAN))),
    ],
)
def test_where_nothing_can_be_transferred_nothing_is_said_of_it(order: dict[str, Any], account: Account) -> None:
    assert transfer_of(replace(ORDER, **order), account) is None
