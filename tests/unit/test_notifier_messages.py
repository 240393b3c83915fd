"""What clients read: the words, the amounts and dates in their language's form, and nothing that anybody slipped in."""

from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, Literal
from uuid import UUID

import pytest
from msgspec.structs import replace

from shared.account_settings import AccountSettings, read_account_settings
from shared.ladder import Tone
from shared.messages.account import Account
from shared.messages.formats import show_date, show_money, show_number
from shared.messages.letter import compose, compose_reminder
from shared.messages.order import Item, Order
from shared.messages.rendering import Renderer
from shared.notifications import Kind
from tests.qr_codes import read_code

NBSP = "\u00a0"
ORDER = Order(
    id=UUID(int=1),
    account=UUID(int=2),
    live=True,
    platform="custom",
    number="INV-2026-042",
    order_status="delivered",
    payment_status="paid",
    customer_email="klant@bedrijf.nl",
    customer_name="Architectenbureau De Groot",
    items=(Item("Ontwerp woning - fase 1", "2500"), Item("Bouwtechnisch advies", "150", "3")),
    total=Decimal("2950"),
    currency="EUR",
    amount_paid=Decimal("2950"),
    payment_method="bankoverschrijving",
    invoice_number="F-42",
    invoice_url="https://mijn-boekhouding.nl/f.pdf?a=1&b=2",
    due_date=date(2026, 11, 22),
    payment_url="https://tikkie.me/pay/42",
)
OVERDUE = replace(ORDER, payment_status="overdue", amount_paid=Decimal("100"))
RENDERER = Renderer()


def text_of(kind: Kind, order: Order, account: Account | None = None) -> str:
    return RENDERER.text(compose(kind, order, account or Account("Studio Jansen")))


def html_of(kind: Kind, order: Order, account: Account | None = None) -> str:
    return RENDERER.html(compose(kind, order, account or Account("Studio Jansen")))


def test_money_dates_and_numbers_have_the_form_of_the_language() -> None:
    assert show_money(Decimal("2950"), "EUR", "nl_NL") == f"€{NBSP}2.950,00"
    assert show_money(Decimal("2950"), "EUR", "en_GB") == "€2,950.00"
    assert show_money(Decimal("2950"), "JPY", "nl_NL") == f"JP¥{NBSP}2.950"
    assert show_money(Decimal("1.255"), "EUR", "nl_NL") == f"€{NBSP}1,255"
    assert show_money(Decimal("1234.5"), None, "nl_NL") == "1.234,50"
    assert show_money(Decimal("123456789012.34"), "EUR", "nl_NL") == f"€{NBSP}123.456.789.012,34"
    assert show_date(date(2026, 11, 22), "nl_NL") == "22 november 2026"
    assert show_date(date(2026, 11, 22), "en_GB") == "22 November 2026"
    assert show_number(Decimal("0.125"), "nl_NL") == "0,125"


def test_dutch_thanks_name_the_client_the_amount_and_the_invoice() -> None:
    letter = compose("confirmation", ORDER, Account("Studio Jansen"))
    assert letter.subject == "Bedankt voor uw betaling van factuur F-42"
    text = RENDERER.text(letter)
    assert text.startswith("Beste Architectenbureau De Groot,\n\nHartelijk dank!")
    assert f"uw betaling van €{NBSP}2.950,00 voor factuur F-42" in text
    assert f"- 3 x Bouwtechnisch advies: €{NBSP}150,00" in text
    assert "https://mijn-boekhouding.nl/f.pdf?a=1&b=2" in text
    assert "tikkie" not in text
    assert text.endswith("Met vriendelijke groet,\nStudio Jansen\n")


def test_english_reminder_asks_for_the_open_amount_and_shows_how_to_pay() -> None:
    text = text_of("reminder", replace(OVERDUE, language="en"))
    assert "Dear Architectenbureau De Groot," in text
    assert "the open amount of €2,850.00?" in text
    assert "Due date: 22 November 2026" in text
    assert "Pay now:\nhttps://tikkie.me/pay/42" in text


def test_dutch_reminder_asks_for_the_open_amount_with_the_due_date() -> None:
    letter = compose("reminder", OVERDUE, Account())
    assert letter.subject == "Herinnering: factuur F-42 staat nog open"
    text = RENDERER.text(letter)
    assert f"het openstaande bedrag van €{NBSP}2.850,00" in text
    assert "Uiterste betaaldatum: 22 november 2026" in text


TONES: list[tuple[Tone, str, str]] = [
    (
        "notice",
        "Vriendelijke herinnering: factuur F-42 is te betalen tot en met 22 november 2026",
        "A friendly reminder",
    ),
    ("first", "Herinnering: factuur F-42 staat nog open", "Reminder"),
    ("second", "Tweede herinnering: factuur F-42 staat nog open", "Second reminder"),
    ("again", "Nogmaals een herinnering: factuur F-42 staat nog open", "Another reminder"),
    ("final", "Aanmaning: factuur F-42 staat nog open", "Final reminder"),
]


@pytest.mark.parametrize(("tone", "dutch", "english"), TONES)
def test_each_tone_has_its_words_and_none_claims_costs(tone: Tone, dutch: str, english: str) -> None:
    letters = [
        compose("reminder", replace(OVERDUE, language=language), Account("Studio Jansen"), tone=tone)
        for language in ("nl", "en")
    ]
    assert letters[0].subject == dutch
    assert letters[1].subject.startswith(english)
    assert f"€{NBSP}2.850,00" in RENDERER.text(letters[0])
    assert "€2,850.00" in RENDERER.text(letters[1])
    for text in map(RENDERER.text, letters):
        assert not any(word in text.lower() for word in ("kosten", "rente", "incasso", "costs", "interest", "14 da"))


def test_a_notice_without_a_due_date_is_a_reminder() -> None:
    letter = compose("reminder", replace(OVERDUE, due_date=None), Account(), tone="notice")
    assert letter.subject == "Herinnering: factuur F-42 staat nog open"


BANKING = Account("Studio Jansen", AccountSettings(iban="NL91ABNA0417164300"))


def test_an_account_with_an_iban_says_how_to_pay_in_words_and_in_a_code() -> None:
    rendered = RENDERER.render(compose("reminder", OVERDUE, BANKING))
    words = "NL91 ABNA 0417 1643 00 ten name van Studio Jansen, onder vermelding van F-42"
    assert words in rendered.text
    assert words in rendered.html
    (image,) = rendered.images
    assert f'src="cid:{image.cid}"' in rendered.html
    assert (
        f'alt="QR-code voor een overboeking van €{NBSP}2.850,00 naar NL91 ABNA 0417 1643 00'
        in rendered.html.replace("&nbsp;", NBSP)
    )
    assert read_code(image.png).text.split("\n")[7] == "EUR2850"
    english = RENDERER.text(compose("reminder", replace(OVERDUE, language="en"), BANKING))
    assert "NL91 ABNA 0417 1643 00 in the name of Studio Jansen, quoting F-42" in english


def test_what_is_paid_shows_no_way_to_pay() -> None:
    rendered = RENDERER.render(compose("confirmation", ORDER, BANKING))
    assert "NL91" not in rendered.text + rendered.html
    assert rendered.images == ()


def test_several_invoices_are_listed_with_their_amounts_and_one_total_a_currency() -> None:
    orders = [
        OVERDUE,
        replace(OVERDUE, id=UUID(int=3), invoice_number="F-43", total=Decimal(50), amount_paid=None),
        replace(OVERDUE, id=UUID(int=4), invoice_number="F-44", total=Decimal(70), amount_paid=None, currency="USD"),
        replace(OVERDUE, id=UUID(int=5), invoice_number="F-45", total=None, amount_paid=None),
    ]
    letter = compose_reminder(orders, BANKING, "final")
    assert letter.subject == "Aanmaning: 4 facturen staan nog open"
    rendered = RENDERER.render(letter)
    assert f"het openstaande bedrag van €{NBSP}2.900,00 en US${NBSP}70,00" in rendered.text
    for form in (rendered.text, rendered.html):
        assert all(f"F-{number}" in form for number in range(42, 46))
    codes = [read_code(image.png).text.split("\n") for image in rendered.images]
    assert [(code[7], code[10]) for code in codes] == [("EUR2850", "F-42"), ("EUR50", "F-43")]


def test_a_reminder_of_one_is_that_invoices_own() -> None:
    assert compose_reminder([OVERDUE], BANKING, "first") == compose("reminder", OVERDUE, BANKING)


@pytest.mark.parametrize("status", ["paid", "pending", "overdue"])
def test_a_part_payment_says_what_is_left(status: str) -> None:
    letter = compose("confirmation", replace(ORDER, payment_status=status, amount_paid=Decimal(1000)), Account())
    assert letter.subject == "Bedankt voor uw deelbetaling van factuur F-42"
    text = RENDERER.text(letter)
    assert f"€{NBSP}1.000,00 ontvangen" in text
    assert f"nog €{NBSP}1.950,00 open" in text
    assert "https://tikkie.me/pay/42" in text


@pytest.mark.parametrize(
    "missing",
    [
        {"amount_paid": None},
        {"amount_paid": Decimal(0)},
        {"total": None},
        {"total": None, "amount_paid": None},
        {"currency": None},
        {"customer_name": None},
        {"items": ()},
        {"invoice_number": None, "invoice_url": None, "due_date": None, "payment_url": None},
    ],
)
@pytest.mark.parametrize("kind", ["confirmation", "reminder"])
def test_every_optional_field_may_be_absent(kind: Kind, missing: dict[str, Any]) -> None:
    order = replace(ORDER if kind == "confirmation" else OVERDUE, **missing)
    for form in (text_of(kind, order), html_of(kind, order)):
        assert "None" not in form
        assert "{" not in form.partition("<body")[2]


def test_paid_without_an_amount_thanks_for_the_total() -> None:
    assert f"€{NBSP}2.950,00" in text_of("confirmation", replace(ORDER, amount_paid=None))


@pytest.mark.parametrize(("client", "account", "used"), [(None, "en", "en"), ("nl", "en", "nl"), (None, "nl", "nl")])
def test_the_clients_language_wins_over_the_accounts(
    client: str | None, account: Literal["nl", "en"], used: str
) -> None:
    settings = Account(settings=AccountSettings(language=account))
    assert compose("confirmation", replace(ORDER, language=client), settings).language == used


def test_settings_that_are_not_as_agreed_stop_no_message() -> None:
    assert read_account_settings('{"language": "en", "other": 1}').language == "en"
    assert read_account_settings('{"language": 7}') == AccountSettings()
    assert read_account_settings(None) == AccountSettings()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


EVIL = "</p><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7*7 }}{invoice}<style>*{display:none}</style>"


@pytest.mark.parametrize("kind", ["confirmation", "reminder"])
def test_no_field_can_add_markup(kind: Kind) -> None:
    base = replace(ORDER if kind == "confirmation" else OVERDUE, language="en")
    plain = _Tags()
    plain.feed(html_of(kind, base))
    evil = _Tags()
    order = replace(
        base,
        customer_name=EVIL,
        number=EVIL,
        invoice_number=EVIL,
        payment_method=EVIL,
        items=(Item(EVIL, "1"), Item(EVIL, "1", "2")),
    )
    html = html_of(kind, order, Account(EVIL, AccountSettings(sender_name=EVIL)))
    evil.feed(html)
    assert evil.tags == plain.tags
    assert {name for name, _ in evil.attributes} == {name for name, _ in plain.attributes}
    assert "49" not in text_of(kind, order)
    assert "{{ 7*7 }}{invoice}" in text_of(kind, order)


def test_a_link_that_is_no_web_address_is_left_out() -> None:
    order = replace(OVERDUE, invoice_url="javascript:alert(1)", payment_url='https://x.nl/"\u202e')
    assert "javascript" not in html_of("reminder", order) + text_of("reminder", order)
    assert "x.nl" not in html_of("reminder", order)


def test_the_page_is_fit_for_phones_and_the_dark() -> None:
    html = html_of("reminder", OVERDUE)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert '<td class="label" style="' in html
    assert html.count("<style>") == 1
    assert "<link" not in html
