"""The events that the notifier derives: what became of a message."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from services.notifier.notification import Notification
from shared.contracts import Event
from shared.messages.order import Order
from shared.orders.moments import to_microseconds, write_timestamp

_EVENTS: Final = UUID("5a4c1f2e-8b7d-5c3a-a1e6-7d9b0c2f4e18")

FinalState = Literal["sent", "simulated", "failed"]
_TYPES: Final[dict[str, str]] = {
    "sent": "notification.sent",
    "simulated": "notification.sent",
    "failed": "notification.failed",
}


def settled_event(notification: Notification, order: Order | None, state: FinalState, now: datetime) -> Event:
    """Return the event of a notification that has come to rest; its id is stable. An erased order has no names left."""
    event_type = _TYPES[state]
    data: dict[str, Any] = {
        "order": {
            "id": str(notification.order_id),
            "platform": order.platform if order else None,
            "orderNumber": order.number if order else None,
        },
        "notification": {
            "id": str(notification.id),
            "kind": notification.kind,
            "step": notification.step,
            "channel": notification.channel,
            "state": state,
        },
    }
    return Event(
        id=uuid5(_EVENTS, f"{notification.id} {event_type}"),
        type=event_type,
        timestamp=write_timestamp(to_microseconds(now)),
        account=notification.account,
        livemode=notification.live,
        data=data,
    )
