"""The bodies of POST /api/v1/keys and of a key's rotation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from services.console.members import Members
from shared.keys import SCOPES, Scope
from shared.orders.body import Platform, Text100
from shared.orders.moments import parse_timestamp, to_datetime
from shared.orders.normalise import pointer_token
from shared.orders.text import identifier_fault, text_fault

MOST_BYTES: Final = 16 * 1024
USUAL_OVERLAP_SECONDS: Final = 24 * 3600
_MOST_OVERLAP_SECONDS: Final = 366 * 24 * 3600
_MOST_PLATFORMS: Final = 100

_Name = Annotated[str, Meta(max_length=100)]
_Platforms = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=_MOST_PLATFORMS)]
_Overlap = Annotated[int, Meta(ge=0, le=_MOST_OVERLAP_SECONDS)]
_Moment = Annotated[
    str,
    Meta(description="RFC 3339, in the future.", extra_json_schema={"anyOf": [{"format": "date-time"}, {"const": ""}]}),
]


class KeyBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """A key that is asked for; null and "" mean absent. Without `live` it is of the same world as the key that asks."""

    name: Annotated[Text100, Meta(min_length=1)]
    scopes: Annotated[list[Scope], Meta(min_length=1)]
    platforms: Annotated[list[Platform], Meta(min_length=1, max_length=_MOST_PLATFORMS)] | Literal[""] | None = None
    expires_at: _Moment | None = None
    live: bool | Literal[""] | None = None


class RotationBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """For how long the old key goes on working, a day unless given."""

    overlap_seconds: _Overlap | Literal[""] | None = None


class KeyDraft(Struct, frozen=True):
    """A key that is asked for; `live` None means the world of the key that asks, `platforms` None any."""

    name: str
    scopes: Sequence[str]
    platforms: Sequence[str] | None
    expires_at: datetime | None
    live: bool | None


def read_key(body: bytes, now: int) -> KeyDraft:
    """Return the key that a body asks for; `now` is in microseconds. Raises with everything that is wrong."""
    members = Members.of_body(body)
    name = members.require("name", _Name, "a string of 1 to 100 characters", text_fault)
    scopes = members.require("scopes", list[Scope], f"a list of some of {', '.join(SCOPES)}", _scopes_fault)
    platforms = members.read("platforms", _Platforms, "null or a list of 1 to 100 platforms", _platforms_fault)
    expires_at = members.read("expiresAt", str, "null or an RFC 3339 timestamp", lambda text: _expiry_fault(text, now))
    live = members.read("live", bool, "true or false")
    members.finish()
    moment = None if expires_at is None else parse_timestamp(expires_at)
    return KeyDraft(
        name or "",
        sorted(set(scopes or ())),
        None if platforms is None else sorted(set(platforms)),
        None if moment is None else to_datetime(moment),
        live,
    )


def read_overlap_seconds(body: bytes) -> int:
    """Return how long a key that is rotated still works: a day unless said otherwise."""
    if not body:
        return USUAL_OVERLAP_SECONDS
    members = Members.of_body(body)
    seconds = members.read("overlapSeconds", _Overlap, f"a whole number from 0 to {_MOST_OVERLAP_SECONDS}")
    members.finish()
    return USUAL_OVERLAP_SECONDS if seconds is None else seconds


def _scopes_fault(scopes: list[Scope]) -> str | None:
    return None if scopes else f"must name at least one of {', '.join(SCOPES)}"


def _platforms_fault(platforms: list[str]) -> str | None:
    if not platforms:
        return "must name at least one platform; null, or nothing, is any"
    faults = (f"{pointer_token(platform)}: {fault}" for platform in platforms if (fault := identifier_fault(platform)))
    return next(faults, None)


def _expiry_fault(text: str, now: int) -> str | None:
    moment = parse_timestamp(text)
    if moment is None:
        return "must be an RFC 3339 timestamp such as 2026-12-31T23:00:00Z"
    return None if moment > now else "must lie in the future"
