"""The bodies of POST and PATCH /api/v1/webhooks, of a rotation and of a replay."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from msgspec import Meta, Struct, field
from yarl import URL

from services.console.key_body import RotationBody, read_overlap_seconds
from services.console.members import Members
from shared.addresses import AddressPolicy, is_numeric, literal_address
from shared.contracts import EVENT_TYPES
from shared.orders.body import Text200
from shared.orders.contact import url_fault
from shared.orders.moments import parse_timestamp, to_datetime
from shared.orders.text import text_fault
from shared.webhooks import EVERY_EVENT

__all__ = ["MOST_BYTES", "ReplayBody", "RotationBody", "WebhookBody", "WebhookChangeBody", "read_overlap_seconds"]

MOST_BYTES: Final = 16 * 1024
_LONGEST_URL: Final = 2048
_NAME: Final = re.compile(r"(?=.{1,254}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*\.?")
"""A host name as it is looked up, internationalised ones encoded."""
_CHOICES: Final = (EVERY_EVENT, *EVENT_TYPES)

_Url = Annotated[
    str,
    Meta(
        max_length=_LONGEST_URL,
        description="https, without credentials, at a public address; others where the operator allows them.",
        extra_json_schema={"format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]://"},
    ),
]
EventType = Annotated[str, Meta(extra_json_schema={"enum": list(_CHOICES)})]
_Events = Annotated[
    list[EventType], Meta(min_length=1, max_length=50, description='["*"] for every event, of any type.')
]
_Moment = Annotated[
    str, Meta(description="RFC 3339.", extra_json_schema={"anyOf": [{"format": "date-time"}, {"const": ""}]})
]


_EventId = Annotated[str, Meta(extra_json_schema={"anyOf": [{"format": "uuid"}, {"const": ""}]})]


class WebhookBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """A webhook that is asked for; without `events`, all of them."""

    url: _Url
    events: _Events | Literal[""] | None = None
    description: Text200 | None = None


class WebhookChangeBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """What of a webhook is to change; what is absent stays. Enabled anew, it starts with a clean slate."""

    url: _Url | Literal[""] | None = None
    events: _Events | Literal[""] | None = None
    description: Text200 | None = None
    enabled: bool | Literal[""] | None = None


class ReplayBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """Which events are sent again: one, or those of a time range, from `from` until before `to` (now, if absent)."""

    event_id: _EventId | None = None
    from_: _Moment | None = field(name="from", default=None)
    to: _Moment | None = None


class WebhookDraft(Struct, frozen=True):
    """A webhook that is asked for, or what is to change of one: None leaves it as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    enabled: bool | None = None


class Range(Struct, frozen=True):
    """The events of a time range."""

    start: datetime
    end: datetime | None


def read_webhook(body: bytes, policy: AddressPolicy) -> WebhookDraft:
    """Return the webhook that a body asks for. Raises with everything that is wrong."""
    members = Members.of_body(body)
    url = members.require("url", str, "an https URL", lambda text: webhook_url_fault(text, policy))
    events, description = _events(members), _description(members)
    members.finish()
    return WebhookDraft(url, events or (EVERY_EVENT,), description)


def read_webhook_change(body: bytes, policy: AddressPolicy) -> WebhookDraft:
    """Return what a body changes of a webhook. Raises with everything that is wrong."""
    members = Members.of_body(body)
    url = members.read("url", str, "an https URL", lambda text: webhook_url_fault(text, policy))
    events, description = _events(members), _description(members)
    enabled = members.read("enabled", bool, "true or false")
    members.finish()
    return WebhookDraft(url, events, description, enabled)


def read_replay(body: bytes) -> UUID | Range:
    """Return the id of the one event to be sent again, or the range of those. Raises with everything that is wrong."""
    members = Members.of_body(body)
    event = members.read("eventId", UUID, "the id of an event")
    start = members.read("from", str, "an RFC 3339 timestamp", _moment_fault)
    end = members.read("to", str, "an RFC 3339 timestamp", _moment_fault)
    if event is not None:
        for name in [name for name, value in (("from", start), ("to", end)) if value is not None]:
            members.refuse(name, "does not go together with eventId")
    members.finish()
    if event is not None:
        return event
    first, last = _moment(start), _moment(end)
    if first is None:
        members.refuse("from", "is required where there is no eventId: an RFC 3339 timestamp")
    elif last is not None and last <= first:
        members.refuse("to", "must be later than from")
    members.finish()
    if first is None:
        raise AssertionError("a range without its start was refused above")
    return Range(first, last)


def webhook_url_fault(text: str, policy: AddressPolicy) -> str | None:
    """Return what is wrong with a webhook's URL, or None.

    An address in the URL itself is refused here; a name, when it is connected to, by the address that it then has.
    """
    wanted = "must be an https URL such as https://example.com/hooks/bugalou"
    if len(text) > _LONGEST_URL:
        return f"must have at most {_LONGEST_URL} characters"
    fault = text_fault(text) or url_fault(text)
    if fault is not None:
        return fault.replace(
            "must be an absolute http or https URL such as https://example.com/invoices/42.pdf", wanted
        )
    try:
        target = URL(text)  # as the library reads it that will connect
    except ValueError:
        return wanted
    host = target.raw_host or ""
    if host.rstrip(".").lower() == "localhost" or host.rstrip(".").lower().endswith(".localhost"):
        host = "127.0.0.1"  # RFC 6761
    address = literal_address(host)
    if address is None and (is_numeric(host) or _NAME.fullmatch(host) is None):
        return wanted
    if address is not None and not policy.admits(address):
        return "must not lead to a private, loopback or special address"
    if target.scheme != "https" and not (policy.allows(address) if address is not None else policy.is_open):
        return wanted
    return None


def _events(members: Members) -> tuple[str, ...] | None:
    wanted = f'["*"] or a list of some of {", ".join(EVENT_TYPES)}'
    found = members.read("events", list[str], wanted, _events_fault)
    return None if found is None else tuple(sorted(set(found)))


def _events_fault(events: list[str]) -> str | None:
    unknown = [event for event in events if event not in _CHOICES]
    if not events or unknown:
        return f'must be ["*"] or a list of some of {", ".join(EVENT_TYPES)}'
    return None


def _description(members: Members) -> str | None:
    return members.read(
        "description", Annotated[str, Meta(max_length=200)], "a string of 1 to 200 characters", text_fault
    )


def _moment_fault(text: str) -> str | None:
    return None if parse_timestamp(text) is not None else "must be an RFC 3339 timestamp such as 2026-11-22T09:30:00Z"


def _moment(text: str | None) -> datetime | None:
    moment: Any = None if text is None else parse_timestamp(text)
    return None if moment is None else to_datetime(moment)
