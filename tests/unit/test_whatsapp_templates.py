"""WhatsApp templates: what a client reads, what Meta takes as parameters, and what an account has to register."""

import re
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from shared.account_settings import AccountSettings
from shared.ladder import Tone
from shared.messages.account import Account, TemplateSetup
from shared.messages.order import Order
from shared.messages.whatsapp import LONGEST_TEXT, TemplateMessage, compose_template
from shared.messages.wording.templates import BODIES, BUTTON_BODIES, BUTTON_LABELS
from shared.notifications import Kind

PAGE = (Path(__file__).parents[2] / "deploy" / "whatsapp.md").read_text()
NBSP = "\u00a0"
ACCOUNT = Account("Studio Jansen")
ORDER = Order(
    id=UUID(int=1),
    account=UUID(int=2),
    live=True,
    platform="custom",
    number="INV-2026-042",
    order_status="delivered",
    payment_status="overdue",
    customer_name="De Groot",
    total=Decimal(2950),
    currency="EUR",
    invoice_number="F-42",
    invoice_url="https://boekhouding.nl/f-42.pdf",
    payment_url="https://tikkie.me/pay/42",
)
PAID = replace(ORDER, payment_status="paid", amount_paid=Decimal(2950))


def template(kind: Kind, *orders: Order, tone: Tone = "first", **setup: object) -> TemplateMessage:
    return compose_template(kind, orders, ACCOUNT, TemplateSetup(**setup), tone)  # type: ignore[arg-type]  # fields alone


def test_a_reminder_says_what_is_open_and_how_to_pay() -> None:
    message = template("reminder", ORDER)
    assert (message.name, message.language, message.button) == ("payment_reminder", "nl", None)
    amount = f"€{NBSP}2.950,00"
    assert message.parameters == ("De Groot", "F-42", "Studio Jansen", amount, "https://tikkie.me/pay/42")
    assert f"Wilt u {amount} aan ons betalen? Dat kan via https://tikkie.me/pay/42." in message.text


@pytest.mark.parametrize(
    ("tone", "name"),
    [
        ("notice", "payment_notice"),
        ("first", "payment_reminder"),
        ("second", "payment_reminder_second"),
        ("again", "payment_reminder_second"),
        ("final", "payment_reminder_final"),
    ],
)
def test_each_tone_has_its_template(tone: Tone, name: str) -> None:
    assert template("reminder", ORDER, tone=tone).name == name
    assert template("reminder", ORDER, tone=tone, link_base="https://tikkie.me/").name == f"{name}_button"


def test_without_a_link_the_client_is_told_where_to_transfer() -> None:
    account = Account("Studio Jansen", AccountSettings(iban="NL91ABNA0417164300"))
    bare = replace(ORDER, invoice_url=None, payment_url=None)
    message = compose_template("reminder", [bare], account, TemplateSetup(), "first")
    assert message.parameters[4] == "een overboeking naar NL91 ABNA 0417 1643 00 ten name van Studio Jansen"


def test_a_thank_you_says_what_was_received_and_what_is_left() -> None:
    message = template("confirmation", PAID)
    assert message.text == (
        f"Beste De Groot, hartelijk dank! Studio Jansen heeft €{NBSP}2.950,00 voor factuur F-42 ontvangen. "
        "Daarmee is alles betaald."
    )
    message = template("confirmation", replace(ORDER, amount_paid=Decimal(1000), language="en"))
    assert (message.name, message.language) == ("payment_confirmation_partial", "en")
    assert message.text.endswith("There is still €1,950.00 to be paid.")


def test_what_nobody_told_is_still_a_sentence() -> None:
    bare = replace(ORDER, customer_name=None, total=None, invoice_url=None, payment_url=None, invoice_number=None)
    assert "Beste klant," in template("reminder", bare).text
    assert (
        "Wilt u het openstaande bedrag aan ons betalen? Dat kan via de gegevens op de factuur."
        in template("reminder", bare).text
    )
    assert (
        "heeft uw betaling voor factuur INV-2026-042 ontvangen"
        in template("confirmation", replace(bare, payment_status="paid")).text
    )


def test_the_account_s_language_stands_in_for_the_client_s() -> None:
    english = Account("Studio Jansen", AccountSettings(language="en"))
    assert compose_template("reminder", [ORDER], english, TemplateSetup(), "first").language == "en"
    assert (
        compose_template("reminder", [replace(ORDER, language="nl")], english, TemplateSetup(), "first").language
        == "nl"
    )


def test_links_that_begin_as_registered_go_into_the_button() -> None:
    message = template("reminder", ORDER, link_base="https://tikkie.me/")
    assert (message.name, message.button) == ("payment_reminder_button", "pay/42")
    assert len(message.parameters) == 4
    assert message.text.endswith("Bekijk en betaal: https://tikkie.me/pay/42")
    for order in (
        replace(ORDER, payment_url="https://evil.example/"),
        replace(ORDER, payment_url="https://tikkie.me/"),
    ):
        assert template("reminder", order, link_base="https://tikkie.me/").name == "payment_reminder"


def test_an_account_may_have_registered_other_names() -> None:
    assert template("reminder", ORDER, names={"payment_reminder": "ours_v2"}).name == "ours_v2"


def test_several_invoices_stand_in_one_message_with_their_sum() -> None:
    other = replace(ORDER, invoice_number="F-43", total=Decimal(50), payment_url="https://tikkie.me/pay/43")
    message = template("reminder", ORDER, other)
    assert message.parameters[1] == "F-42, F-43"
    assert message.parameters[3] == f"€{NBSP}3.000,00"
    assert message.parameters[4] == "de gegevens op de factuur"
    dollars = replace(other, currency="USD")
    assert template("reminder", ORDER, dollars).parameters[3] == "het openstaande bedrag"


@pytest.mark.parametrize("name", ["a\nb\tc", "a          b", "\u202eevil\x00", "   ", "{{4}} \\1 {5}", "x" * 200])
def test_whatever_a_name_holds_the_parameters_are_taken_by_meta(name: str) -> None:
    order = replace(ORDER, customer_name=name, invoice_number=name, payment_url="https://tikkie.me/" + "x" * 1000)
    message = template("reminder", order)
    for parameter in message.parameters:
        assert parameter.strip()
        assert not re.search(r"[\n\t]|\s{5,}|[\x00-\x1f\u202e]", parameter)
    assert message.parameters[4] == "de gegevens op de factuur"
    assert "INV" not in message.text


@pytest.mark.parametrize("tone", ["notice", "first", "second", "final"])
@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", ["reminder", "confirmation"])
def test_no_text_is_longer_than_meta_takes(kind: Kind, language: str, tone: Tone) -> None:
    long = replace(
        ORDER,
        customer_name="x" * 200,
        invoice_number="y" * 128,
        language=language,
        total=Decimal("-999999999999.99"),
        amount_paid=Decimal("-1999999999999.99"),
        payment_url="https://tikkie.me/" + "z" * 282,
    )
    account = Account("w" * 200)
    message = compose_template(
        kind, [long, long, long][: 3 if kind == "reminder" else 1], account, TemplateSetup(), tone
    )
    assert len(message.text) <= LONGEST_TEXT


@pytest.mark.parametrize("name", sorted(BODIES | BUTTON_BODIES))
def test_each_template_is_one_that_meta_approves(name: str) -> None:
    found = [re.findall(r"\{\{([0-9])\}\}", body) for body in (BODIES | BUTTON_BODIES)[name].values()]
    assert {frozenset(numbers) for numbers in found} == {frozenset("12345"[: len(found[0])])}
    assert re.fullmatch(r"[a-z0-9_]{1,512}", name)
    for body in (BODIES | BUTTON_BODIES)[name].values():
        assert not body.startswith("{")
        assert not body.endswith("}")
        assert not re.search(r"\}\}\s*\{\{|\n|\t|\s{2}", body)


def test_the_page_has_every_template_as_it_is() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \| (\w\w) \| (.+?) \|$", PAGE, re.MULTILINE))
    assert rows == {
        (name, language, body if name in BODIES else f"{body} [{BUTTON_LABELS[language]}]")
        for name, bodies in (BODIES | BUTTON_BODIES).items()
        for language, body in bodies.items()
    }
