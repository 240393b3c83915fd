"""What the gateway answers, as Structs; its API is described by them, and tests hold them to the real answers."""

from typing import Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from shared.errors import Fault
from shared.http.problems import ProblemDocument
from shared.orders.documents import AcceptedOrder, Order, Version


class Receipt(Struct, frozen=True, rename="camel", kw_only=True):
    """Where a submission stands; `failed`: it could not be stored, and an operator will look at it."""

    id: UUID
    state: Literal["queued", "applied", "stale", "duplicate", "rejected", "failed"]
    version: Version
    duplicate_of: UUID | UnsetType = UNSET


class Accepted(Struct, frozen=True):
    """The broker holds the submission; the order is shown as accepted, not yet merged."""

    success: Literal[True]
    order: AcceptedOrder
    receipt: Receipt
    warnings: list[Fault]


class Stored(Struct, frozen=True):
    """The submission is committed; the order is shown whole."""

    success: Literal[True]
    order: Order
    receipt: Receipt
    warnings: list[Fault]


class Result(Struct, frozen=True, rename="camel", kw_only=True):
    """The verdict on one order of a batch; its pointers are relative to that order."""

    index: int
    status: Literal[200, 201, 202, 422]
    platform: str | None
    order_number: str | None
    receipt: Receipt | UnsetType = UNSET
    warnings: list[Fault] | UnsetType = UNSET
    error: str | UnsetType = UNSET
    errors: list[Fault] | UnsetType = UNSET


class BatchAnswer(Struct, frozen=True):
    """The verdicts on all orders of a batch, in its order."""

    success: Literal[True]
    accepted: int
    rejected: int
    results: list[Result]


class BatchProblem(ProblemDocument, frozen=True, rename="camel", kw_only=True):
    """A batch of which nothing was taken; the results, where the batch could be read, say why."""

    success: Literal[False] | UnsetType = UNSET
    accepted: int | UnsetType = UNSET
    rejected: int | UnsetType = UNSET
    results: list[Result] | UnsetType = UNSET
