"""What a failure holds, for people: the message as JSON, the order that may be mended, and its mended form. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from shared.contracts import Event, Submission, SubmissionBatch
from shared.errors import UNREADABLE, Fault, InvalidInput
from shared.orders.content import Draft
from shared.orders.identity import Identity
from shared.orders.moments import write_timestamp
from shared.orders.validation import read_order
from shared.versions import version_at

_decode_batch: Final = msgspec.msgpack.Decoder(SubmissionBatch).decode
_decode_event: Final = msgspec.json.Decoder(Event).decode

NOT_MENDABLE: Final = "This is no single order, so it cannot be mended: replay it as it is, or discard it"


def submission_in(body: bytes) -> Submission | None:
    """Return the one submission of a message; None where it holds another number of them, or is no such message."""
    try:
        submissions = _decode_batch(body).submissions
    except UNREADABLE:
        return None
    return submissions[0] if len(submissions) == 1 else None


def shown(body: bytes) -> Mapping[str, Any] | None:
    """Return a message as JSON can show it, None where it cannot be decoded."""
    submission = submission_in(body)
    if submission is not None:
        return _shown(submission)
    try:
        return {"submissions": [_shown(one) for one in _decode_batch(body).submissions]}
    except UNREADABLE:
        pass
    try:
        event: dict[str, Any] = msgspec.to_builtins(_decode_event(body))
    except UNREADABLE:
        return None
    return event


def order_body(submission: Submission) -> dict[str, Any]:
    """Return a submission as the body of a POST that says the same: to be mended, and sent with a replay."""
    content = submission.content
    body: dict[str, Any] = {
        "platform": submission.platform,
        "orderNumber": submission.order_number,
        **content.sets,
    }
    if content.clears:
        body["clear"] = list(content.clears)
    if content.occurred_at is not None:
        body["occurredAt"] = write_timestamp(content.occurred_at)
    return body


def read_mended(document: bytes, now: int) -> Draft:
    """Return the order that a mended body describes, checked exactly as a POST; its faults point below /body."""
    try:
        return read_order(document, strict=False, now=now)
    except InvalidInput as error:
        faults = tuple(Fault(f"/body{fault.pointer}", fault.message) for fault in error.faults)
        raise InvalidInput(error.message, faults or (Fault("/body", error.message),)) from error


def mended(submission: Submission, draft: Draft) -> bytes:
    """Return the message of a submission with other content.

    Its id stays, so that it counts once; its version stays, so that newer submissions stay newer, unless the mended one
    says when it occurred.
    """
    identity = Identity(submission.account, submission.live, draft.platform, draft.order_number)
    occurred_at = draft.content.occurred_at
    return msgspec.msgpack.encode(
        SubmissionBatch(
            [
                replace(
                    submission,
                    platform=draft.platform,
                    order_number=draft.order_number,
                    order_id=identity.order_id(),
                    content=draft.content,
                    fingerprint=draft.content.fingerprint(),
                    version=submission.version if occurred_at is None else version_at(occurred_at),
                )
            ]
        )
    )


def _shown(submission: Submission) -> dict[str, Any]:
    return {
        "id": str(submission.id),
        "version": str(submission.version),
        "account": str(submission.account),
        "livemode": submission.live,
        "receivedAt": write_timestamp(submission.received_at),
        "apiKeyId": str(submission.key),
        "body": order_body(submission),
    }
