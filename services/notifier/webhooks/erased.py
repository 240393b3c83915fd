"""An event of a person who was erased since: sent again, it no longer says who that was."""

import msgspec
from msgspec.structs import replace

from shared.contracts import Event
from shared.orders.personal import PERSONAL

_decode = msgspec.json.Decoder(Event).decode


def without_person(body: bytes) -> bytes:
    """Return an event's JSON with the personal fields of its order emptied."""
    event = _decode(body)
    order = event.data.get("order")
    if not isinstance(order, dict):
        return body
    left = {name: None if name in PERSONAL else value for name, value in order.items()}
    return msgspec.json.encode(replace(event, data={**event.data, "order": left}))
