"""What a notification is known by, in every service that speaks of one: its kind, and an id that can be derived."""

from typing import Final, Literal
from uuid import UUID, uuid5

CHANNEL: Final = "notifications"
"""The NOTIFY channel that wakes whoever sends them."""

STATUSES_CHANNEL: Final = "whatsapp_statuses"
"""The NOTIFY channel of statuses that have come from WhatsApp."""

Kind = Literal["confirmation", "reminder"]

_NOTIFICATIONS: Final = UUID("0b0e3a0c-6f0e-5d7e-9c3a-52b1d2f0a9e4")


def notification_id(order_id: UUID, kind: Kind, run_id: UUID, step: int, channel: str) -> UUID:
    """Return the same id for the same order, kind, run, step and channel, so that planning twice changes nothing."""
    return uuid5(_NOTIFICATIONS, f"{order_id} {kind} {run_id} {step} {channel}")
