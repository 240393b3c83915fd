"""The body of POST /api/v1/suppressions."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from services.console.members import Members
from shared.orders.contact import email_fault, parse_phone
from shared.orders.text import text_fault

MOST_BYTES: Final = 16 * 1024
USUAL_REASON: Final = "asked"
_LONGEST_REASON: Final = 200

_Address = Annotated[str, Meta(max_length=254)]
_Reason = Annotated[str, Meta(max_length=_LONGEST_REASON)]


class SuppressionBody(Struct, forbid_unknown_fields=True):
    """An address that nothing is to be sent to, and for what reason: `asked` unless given."""

    address: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=254,
            description="An e-mail address, or a phone number.",
            extra_json_schema={"anyOf": [{"format": "email"}, {"format": "phone"}]},
        ),
    ]
    reason: _Reason | None = None


class SuppressionDraft(Struct, frozen=True):
    """An address in the form in which it is listed, and why."""

    address: str
    reason: str


def read_suppression(body: bytes) -> SuppressionDraft:
    """Return what a body asks for, or raise with everything that is wrong."""
    members = Members.of_body(body)
    address = members.require("address", _Address, "an e-mail address or a phone number", address_fault)
    reason = members.read("reason", _Reason, f"a string of at most {_LONGEST_REASON} characters", text_fault)
    members.finish()
    return SuppressionDraft(listed_address(address or ""), reason or USUAL_REASON)


def address_fault(text: str) -> str | None:
    """Return what is wrong with an address, or None."""
    wanted = "must be an e-mail address such as klant@bedrijf.nl or a phone number such as +31612345678"
    fault = text_fault(text)
    if fault is not None:
        return fault
    return None if parse_phone(text) is not None or email_fault(text) is None else wanted


def listed_address(text: str) -> str:
    """Return an address as it is listed: phone numbers in E.164, all else as it is."""
    return parse_phone(text) or text
