"""Which notifications an event asks for. Pure: what was planned before is the store's to know."""

from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from services.notifier.notification import Planned
from shared.contracts import Event
from shared.dunning import ASKED
from shared.errors import UNREADABLE
from shared.notifications import Kind

KINDS: Final[dict[str, Kind]] = {
    "payment.paid": "confirmation",
    "payment.partial": "confirmation",
    "reminder.due": "reminder",
}
"""What each type of event leads to; others lead to nothing."""

_decode: Final = msgspec.json.Decoder(Event).decode


class Undecodable(Exception):
    """The bytes are no event that this version understands; no retry will mend them."""


class _Subject(Struct, frozen=True):
    id: UUID


class _Reminder(Struct, frozen=True):
    cycle: UUID
    step: Annotated[int, Meta(ge=1, le=32_767)]
    asked: bool = False


class _Data(Struct, frozen=True):
    """What a planner reads of an event's data."""

    order: _Subject
    submission: _Subject | None = None
    reminder: _Reminder | None = None
    silent: Annotated[bool, Meta(description="derived by a replay: nobody is told")] = False


def read_event(body: bytes) -> Event:
    """Return the event in a message, or raise `Undecodable`."""
    try:
        return _decode(body)
    except UNREADABLE as error:
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
    run_id, step, event_type = _run(event.type, kind, data)
    return [
        Planned(
            account=event.account,
            live=event.livemode,
            order_id=data.order.id,
            kind=kind,
            event_type=event_type,
            run_id=run_id,
            step=step,
            channel=channel,
        )
        for channel in channels
    ]


def _run(event_type: str, kind: Kind, data: _Data) -> tuple[UUID, int, str]:
    """Return what the notification is about: the run or the cycle, the step, and what asked for it."""
    if kind == "reminder":
        if data.reminder is None:
            raise Undecodable("the event names no step of a ladder")
        return data.reminder.cycle, data.reminder.step, ASKED if data.reminder.asked else event_type
    if data.submission is None:
        raise Undecodable("the event names no submission")
    return data.submission.id, 1, event_type
