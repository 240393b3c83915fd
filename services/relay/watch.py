"""Which orders the events of a batch tell to look at again for reminders. Pure."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.errors import UNREADABLE
from shared.ladder import REMINDED

_TELLING: Final = ("order.created", "order.updated", "payment.overdue")
"""The events after which an order may have other steps to come."""


class Unsent(Struct, frozen=True):
    """One event that has not left yet; `body` is the JSON that consumers get."""

    id: UUID
    type: str
    account: UUID
    body: bytes


class _Order(Struct, frozen=True, rename="camel"):
    id: UUID
    due_date: str | None = None
    payment_status: str | None = None


class _Data(Struct, frozen=True):
    order: _Order
    silent: bool = False


class _Told(Struct, frozen=True):
    data: _Data


_decode: Final = msgspec.json.Decoder(_Told).decode


def orders_to_watch(events: Iterable[Unsent]) -> set[UUID]:
    """Return the orders that may have to be reminded of: none of a replay's, nor those that nobody waits for."""
    found = set()
    for event in events:
        if event.type not in _TELLING:
            continue
        try:
            data = _decode(event.body).data
        except UNREADABLE:
            continue
        order = data.order
        is_timed = order.due_date is not None or order.payment_status == "overdue"
        if is_timed and order.payment_status in REMINDED and not data.silent:
            found.add(order.id)
    return found
