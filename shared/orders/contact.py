"""How a client is reached: the syntax of e-mail addresses, phone numbers and links. Nothing here asks the network."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import email_validator
import phonenumbers

_CACHED: Final = 16_384
"""A client's next order brings the same address: remember the last verdicts (a few MB at most)."""

_PLAIN_EMAIL: Final = re.compile(
    r"[A-Za-z0-9_+-]{1,32}(?:\.[A-Za-z0-9_+-]{1,31}){0,1}@"
    r"(?:[a-z0-9](?:[a-z0-9]{0,30}|[a-z0-9]{0,15}-[a-z0-9]{1,15})\.){1,3}(?:com|net|org|nl|be|de|eu|io|uk|fr)"
)
"""A part of what email-validator takes, told in a microsecond instead of fifty; all else goes to the library."""

_PLAIN_URL: Final = re.compile(
    r"https?://(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,63}(?:/[A-Za-z0-9_.~!$&'()*+,;=:@%/?#-]*)?"
)
"""As much for links, with neither port nor user: what the standard library takes apart for five microseconds."""

_IN_A_HOST: Final = re.compile(r"\w")  # of letters or digits: "." and "*" are no hosts
_NOT_IN_A_URL: Final = re.compile(r'[\s\\<>"^`{|}]')


def email_fault(value: str) -> str | None:
    """Return what is wrong with an e-mail address, or None. The address itself is stored as sent."""
    return None if _PLAIN_EMAIL.fullmatch(value) else _library_email_fault(value)


@lru_cache(_CACHED)
def _library_email_fault(value: str) -> str | None:
    try:
        email_validator.validate_email(value, check_deliverability=False)
    except ValueError:  # EmailNotValidError, whose own text would echo the address
        return "must be an e-mail address such as klant@bedrijf.nl"
    return None


@lru_cache(_CACHED)
def parse_phone(value: str) -> str | None:
    """Return a phone number in E.164 (+31612345678), reading national notation as Dutch, or None."""
    try:
        number = phonenumbers.parse(value, "NL")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def url_fault(value: str) -> str | None:
    """Return what is wrong with a link that a client will be sent, or None."""
    return None if _PLAIN_URL.fullmatch(value) else _library_url_fault(value)


def _library_url_fault(value: str) -> str | None:
    wanted = "must be an absolute http or https URL such as https://example.com/invoices/42.pdf"
    if _NOT_IN_A_URL.search(value):
        return f'{wanted}, without spaces or any of \\ < > " ^ ` {{ | }}'
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return wanted
    if parts.scheme not in ("http", "https") or port == 0 or not _IN_A_HOST.search(parts.hostname or ""):
        return wanted
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    return None
