"""What the console answers about webhooks: their attempts, and events sent again."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from shared.orders.documents import Timestamp


class Webhook(Struct, frozen=True, rename="camel"):
    """Where events are sent; `events` is ["*"] for all. What is disabled says why, since when nothing succeeds too."""

    id: UUID
    url: str
    events: list[str]
    description: str | None
    live: bool
    enabled: bool
    disabled_reason: Literal["requested", "gone", "failing", "operator"] | None
    disabled_at: Timestamp | None
    failing_since: Timestamp | None
    paused_until: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class WebhookAnswer(Struct, frozen=True):
    """One webhook."""

    success: Literal[True]
    webhook: Webhook


class NewWebhookAnswer(Struct, frozen=True):
    """A webhook's secret, as Standard Webhooks writes it; it is shown this once."""

    success: Literal[True]
    id: UUID
    secret: Annotated[str, Meta(pattern="^whsec_[A-Za-z0-9+/]+=*$")]


class WebhookAttempt(Struct, frozen=True, rename="camel"):
    """One request to a webhook; `status` and the beginning of the `response` are what it answered, if it did."""

    id: UUID
    event_id: UUID
    event_type: str
    number: int
    started_at: Timestamp
    milliseconds: int | None
    outcome: Literal["delivered", "retry", "failed", "abandoned"]
    status: int | None
    reason: str | None
    response: str | None
    next_try_at: Timestamp | None


class ReplayAnswer(Struct, frozen=True):
    """How many events are sent again; what is on its way already does not count."""

    success: Literal[True]
    replayed: int
