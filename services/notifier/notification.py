"""Notifications: one message to one person over one channel, from the plan to the outcome."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.notifications import Kind, notification_id


class Planned(Struct, frozen=True):
    """A notification to be: `run_id` is the submission that began the run which it is about, `step` counts from 1.

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


class Notification(Struct, frozen=True):
    """A planned notification that has fallen due, with what is known of its place among the others of its order.

    `run_began` is the moment of its run's submission; `newer` tells that a later one of the same kind stands in its
    place; `attempts` counts the tries so far, of which those that no notifier finished are one with the next.
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
    run_began: datetime | None
    newer: bool
