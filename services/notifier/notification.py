"""Notifications: one message to one person over one channel, from the plan to the outcome."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.dunning import ASKED
from shared.notifications import Kind, notification_id


class Planned(Struct, frozen=True):
    """A notification to be; `step` counts from 1.

    `run_id` names what it is about: of a confirmation the submission that began the run, of a reminder the cycle.
    `trace` is the traceparent of what planned it, where that is traced.
    """

    account: UUID
    live: bool
    order_id: UUID
    kind: Kind
    event_type: str
    run_id: UUID
    step: int
    channel: str
    trace: str | None = None

    @property
    def id(self) -> UUID:
        """The same for the same order, kind, run, step and channel, so that planning twice changes nothing."""
        return notification_id(self.order_id, self.kind, self.run_id, self.step, self.channel)


class Notification(Struct, frozen=True, kw_only=True):
    """A planned notification that has fallen due, with what is known of its place among the others of its order.

    `run_began` is the moment of its run's submission; `newer` tells that a later one of the same kind stands in its
    place; `before` counts the reminders sent since the order was last paid; `attempts` counts the tries so far, of
    which those that no notifier finished are one with the next. `message_id` is the id under which it was handed over.
    """

    id: UUID
    account: UUID
    live: bool
    order_id: UUID
    kind: Kind
    event_type: str
    run_id: UUID
    step: int
    channel: str
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    run_began: datetime | None = None
    newer: bool = False
    before: int = 0
    message_id: UUID | None = None

    @property
    def is_asked(self) -> bool:
        """Whether a person asked for it, out of the ladder's turn."""
        return self.event_type == ASKED
