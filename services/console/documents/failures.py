"""What the console answers about failures: by cause, one whole, and its replay."""

from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from shared.errors import Fault
from shared.orders.documents import OrderName, Timestamp


class FailureGroup(Struct, frozen=True):
    """How many failures there are of one cause at one place; `reason` is that of one of them."""

    cause: str
    place: str
    count: int
    reason: str
    oldest: Timestamp
    newest: Timestamp


class Failure(Struct, frozen=True, rename="camel", kw_only=True):
    """Something accepted that no retry could settle; `outcome` is the state that its replay led to."""

    id: UUID
    state: Literal["open", "replaying", "replayed"]
    place: str
    cause: str
    reason: str
    submission: UUID | None
    order: OrderName | None
    trace_id: str | None
    created_at: Timestamp
    mended: bool
    replays: int
    notify: bool
    replayed_at: Timestamp | None
    replayed_by: str | None
    outcome: str | None


class WholeFailure(Failure, frozen=True, rename="camel", kw_only=True):
    """A failure with its message; `body` is the order in it as a POST would say it, mended where it has been."""

    message: dict[str, Any] | None
    body: dict[str, Any] | None


class FailureList(Struct, frozen=True, rename="camel"):
    """A page of failures, and how many there are of each cause and place."""

    data: list[Failure]
    groups: list[FailureGroup]
    next_cursor: str | None


class FailureAnswer(Struct, frozen=True):
    """One failure."""

    success: Literal[True]
    failure: WholeFailure


class FailureReplayed(Struct, frozen=True):
    """A failure whose replay is asked for."""

    success: Literal[True]
    failure: Failure
    warnings: list[Fault]
