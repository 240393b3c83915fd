"""One event on its way to one webhook: what a notifier has claimed, and what the endpoint made of it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

Reason = Literal[
    "timeout",
    "unknown_host",
    "address_refused",
    "unreachable",
    "tls",
    "broken_answer",
    "redirect",
    "status",
    "gone",
]
"""Why an attempt failed: before there was an answer, or by what it was."""


class Candidate(Struct, frozen=True):
    """A delivery that could be claimed; `due_in_seconds` is at most 0 where it is due."""

    webhook: UUID
    account: UUID
    event: UUID
    is_slow: bool
    due_in_seconds: float


class Claimed(Struct, frozen=True, kw_only=True):
    """A delivery that this process alone may attempt now; `claim` is its proof, `number` counts from 1.

    `secrets` are sealed, the newest first; `body` is the event's JSON as consumers on AMQP get it. Never log it.
    """

    webhook: UUID
    account: UUID
    live: bool
    event: UUID
    event_type: str
    order: UUID | None
    claim: UUID
    number: int
    is_slow: bool
    url: str
    secrets: tuple[str, ...]
    body: bytes
    started_at: datetime
    lag_seconds: float


class Reply(Struct, frozen=True, kw_only=True):
    """What came back: a status, or the reason why there is none."""

    milliseconds: int
    status: int | None = None
    reason: Reason | None = None
    retry_after: str | None = None
    response: str = ""
