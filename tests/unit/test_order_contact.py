"""How a client is reached, in a body: e-mail addresses, phone numbers and links."""

import pytest

from tests.order_bodies import refused, stored

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
