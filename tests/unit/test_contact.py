"""The quick road for plain e-mail addresses, and telephone numbers in every usual notation."""

import email_validator
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.orders.contact import _PLAIN_EMAIL, _PLAIN_URL, _library_url_fault, email_fault, parse_phone, url_fault


@settings(max_examples=300)
@given(st.from_regex(_PLAIN_EMAIL, fullmatch=True))
def test_plain_addresses_are_all_taken_by_email_validator(address: str) -> None:
    email_validator.validate_email(address, check_deliverability=False)


@given(
    st.from_regex(r"[a-z.@+-]{1,12}@[a-z.-]{1,12}\.(com|nl|test|local|example)", fullmatch=True)
    | st.emails()
    | st.text(max_size=20)
)
def test_addresses_are_taken_exactly_where_email_validator_takes_them(address: str) -> None:
    try:
        email_validator.validate_email(address, check_deliverability=False)
    except email_validator.EmailNotValidError:
        assert email_fault(address) is not None
    else:
        assert email_fault(address) is None


@settings(max_examples=300)
@given(st.from_regex(_PLAIN_URL, fullmatch=True))
def test_plain_links_are_all_taken_by_the_standard_library(link: str) -> None:
    assert _library_url_fault(link) is None


def test_plain_values_do_not_reach_past_a_line_end() -> None:
    assert email_fault("klant@bedrijf.nl") is None
    assert email_fault("klant@bedrijf.nl\n") is not None
    assert url_fault("https://bedrijf.nl/1") is None
    assert url_fault("https://bedrijf.nl/1\n") is not None


@pytest.mark.parametrize(
    "written",
    [
        *("06 12 34 56 78", "06-12345678", "0612345678", "+31 (0)6 12345678", "0031612345678", "tel:+31612345678"),
        *("(06) 12345678", "+31612345678", "06.12.34.56.78", "٠٦١٢٣٤٥٦٧٨"),
    ],
)
def test_a_number_is_stored_in_e_164_and_dutch_where_it_names_no_country(written: str) -> None:
    assert parse_phone(written) == "+31612345678"


def test_other_countries_numbers_are_theirs() -> None:
    assert parse_phone("+32 470 12 34 56") == "+32470123456"
    assert parse_phone("0049 170 1234567") == "+491701234567"


@pytest.mark.parametrize("written", ["", "112", "+1", "06123456789012", "bel mij", "+999 123456789", "06\x00", "-"])
def test_what_cannot_be_called_is_no_number(written: str) -> None:
    assert parse_phone(written) is None
