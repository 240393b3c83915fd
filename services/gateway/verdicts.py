"""How one submission is answered: as accepted (queued), as stored with the whole merged order, or as refused."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from msgspec import Struct

from shared.contracts import Settled, Submission
from shared.errors import Fault
from shared.orders.content import Draft
from shared.orders.view import accepted_view

_ACCEPTED: Final = HTTPStatus.ACCEPTED.value
_REFUSALS = {
    "idempotency_key_reused": "This Idempotency-Key was used before with another body: use a new key for a new request",
    "set_aside": "The order could not be stored; it is kept, and an operator will look at it",
}


class Verdict(Struct, frozen=True):
    """The answer for one submission; `code` and `error` are set where it is refused, and no `order` in a batch."""

    status: int
    order: dict[str, Any] | None = None
    receipt: dict[str, Any] | None = None
    warnings: Sequence[Fault] = ()
    code: str | None = None
    error: str | None = None


def verdict_of(submission: Submission, draft: Draft, settled: Settled | None) -> Verdict:
    """Return how a submission is answered, given what is known to have become of it."""
    if settled is None:
        receipt = {"id": submission.id, "state": "queued", "version": str(submission.version)}
        order = None
        if not submission.brief:
            order = accepted_view(submission.order_id, draft.platform, draft.order_number, draft.content.sets)
        return Verdict(_ACCEPTED, order, receipt, draft.warnings)
    receipt = {"id": settled.id, "state": settled.state, "version": str(settled.version)}
    if settled.duplicate_of is not None:
        receipt["duplicateOf"] = settled.duplicate_of
    if settled.state in ("rejected", "failed") or (settled.order is None and not submission.brief):
        code = settled.reason or "set_aside"
        error = _REFUSALS.get(code, _REFUSALS["set_aside"])
        return Verdict(HTTPStatus.UNPROCESSABLE_ENTITY, receipt=receipt, code=code, error=error)
    status = HTTPStatus.CREATED if settled.created else HTTPStatus.OK
    return Verdict(status, settled.order, receipt, draft.warnings)
