"""What stands on the wire between the services: frozen Structs, additive changes only.

Submissions travel many in one message (group commit); they, and what workers and gateways tell each other, are msgpack
with a version in the tag. Events are for anyone: JSON without a tag, one in a message.
"""

from typing import Any
from uuid import UUID

from msgspec import Struct

from shared.orders.content import Content
from shared.orders.identity import Identity


class Submission(Struct, frozen=True, omit_defaults=True):
    """One accepted request for one order: immutable, with its id and its place in the total order.

    `received_at` is in microseconds since 1970; `key` is the id of the API key that sent it; `idempotency` is the
    16-byte digest of its Idempotency-Key; `wait` asks for an answer to the message's `reply_to` once it is stored,
    and `brief` for one without the order; `silent` keeps the notifier quiet about what it changes (a replay).
    """

    id: UUID
    version: int
    account: UUID
    live: bool
    order_id: UUID
    platform: str
    order_number: str
    content: Content
    fingerprint: bytes
    received_at: int
    key: UUID
    idempotency: bytes | None = None
    wait: bool = False
    brief: bool = False
    silent: bool = False
    trace: str | None = None

    @property
    def identity(self) -> Identity:
        """What identifies its order."""
        return Identity(self.account, self.live, self.platform, self.order_number)


class SubmissionBatch(Struct, frozen=True, tag="submissions.v1"):
    """The body of one message on the submissions queue, in the order of acceptance."""

    submissions: list[Submission]


class Settled(Struct, frozen=True, omit_defaults=True):
    """What became of one submission, for the request that waits for it; `order` is the whole merged order as JSON."""

    id: UUID
    state: str
    created: bool = False
    duplicate_of: UUID | None = None
    reason: str | None = None
    version: int = 0
    order: dict[str, Any] | None = None


class SettledBatch(Struct, frozen=True, tag="settled.v1"):
    """The answer of a worker to one gateway: every waited-for submission of one committed batch."""

    settled: list[Settled]


class WorkerPulse(Struct, frozen=True, tag="pulse.v1"):
    """What one worker has settled in the last second, told to all gateways.

    `oldest` is when the oldest submission of its last batch was received, in microseconds since 1970; 0 is unknown.
    """

    submissions: int
    messages: int
    oldest: int = 0


class RequestsTaken(Struct, frozen=True, tag="requests-taken.v1"):
    """The requests that one gateway has let through, by account, of accounts with a limit; told to all gateways."""

    gateway: UUID
    requests: dict[UUID, int]


class Event(Struct, frozen=True, omit_defaults=True):
    """A fact that the system derived and publishes, with a stable id; consumers may see it more than once.

    `timestamp` is RFC 3339. `data` holds `order` (the merged order), `changed` (names of its fields) and, for what a
    submission began, `submission` {id, version}; `silent` is true where a replay derived it, so that nobody is
    notified. `traceparent` (W3C Trace Context, as in CloudEvents) is there where what led to it is traced.
    """

    id: UUID
    type: str
    timestamp: str
    account: UUID
    livemode: bool
    data: dict[str, Any]
    traceparent: str | None = None


EVENT_TYPES = (
    "order.created",
    "order.updated",
    "order.cancelled",
    "payment.paid",
    "payment.partial",
    "payment.overdue",
    "payment.refunded",
    "reminder.due",
    "notification.sent",
    "notification.failed",
)
"""Every type of event; its routing key is `type.account`."""
