"""What the console answers about reminders: asked for, paused, and the addresses that nothing is sent to."""

from typing import Literal

from msgspec import Struct

from services.console.documents.orders import Notification
from shared.orders.documents import Timestamp


class AskedReminder(Struct, frozen=True):
    """The notifications of a reminder that was asked for, one a channel; they become rows in a moment."""

    success: Literal[True]
    notifications: list[Notification]


class PauseAnswer(Struct, frozen=True):
    """Reminders are paused."""

    success: Literal[True]
    paused: Literal[True]


class Suppression(Struct, frozen=True, rename="camel"):
    """An address that nothing is sent to, as it is listed: lower case, or E.164."""

    address: str
    reason: str
    created_at: Timestamp


class SuppressionAnswer(Struct, frozen=True):
    """A suppressed address."""

    success: Literal[True]
    suppression: Suppression
