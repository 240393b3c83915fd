"""Which notifications an event asks for. Pure: what was planned before is the store's to know."""

from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from services.notifier.notification import Planned
from shared.contracts import Event
from shared.notifications import Kind

KINDS: Final[dict[str, Kind]] = {
    "payment.paid": "confirmation",
    "payment.partial": "confirmation",
    "payment.overdue": "reminder",
}
"""What each type of event leads to; others lead to nothing."""

FIRST_STEP: Final = 1

_decode: Final = msgspec.json.Decoder(Event).decode


class Undecodable(Exception):
    """The bytes are no event that this version understands; no retry will mend them."""


class _Subject(Struct, frozen=True):
    id: UUID


class _Data(Struct, frozen=True):
    """What a planner reads of an event's data."""

    order: _Subject
    submission: _Subject
    silent: Annotated[bool, Meta(description="derived by a replay: nobody is told")] = False


def read_event(body: bytes) -> Event:
    """Return the event in a message, or raise `Undecodable`."""
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(str(error)) from error


def plan(event: Event, channels: Iterable[str]) -> list[Planned]:
    """Return the notifications of one event, one per channel; raise `Undecodable` where its data is not as agreed."""
    kind = KINDS.get(event.type)
    if kind is None:
        return []
    try:
        data = msgspec.convert(event.data, _Data)
    except msgspec.ValidationError as error:
        raise Undecodable(str(error)) from error
    if data.silent:
        return []
    return [
        Planned(
            account=event.account,
            live=event.livemode,
            order_id=data.order.id,
            kind=kind,
            event_type=event.type,
            run_id=data.submission.id,
            step=FIRST_STEP,
            channel=channel,
        )
        for channel in channels
    ]
