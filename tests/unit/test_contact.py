"""The quick road for plain e-mail addresses."""

import email_validator
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.orders.contact import _PLAIN_EMAIL, email_fault


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


def test_plain_address_does_not_reach_past_a_line_end() -> None:
    assert email_fault("klant@bedrijf.nl") is None
    assert email_fault("klant@bedrijf.nl\n") is not None
