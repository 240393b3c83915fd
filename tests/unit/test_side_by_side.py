"""Old and new versions run side by side during an upgrade: what stands on the wire only ever gains optional fields."""

from typing import Any, Final
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import fields

from services.notifier.planner import read_event
from services.worker.handler import Handler
from shared.contracts import (
    Event,
    RequestsTaken,
    Settled,
    SettledBatch,
    Submission,
    SubmissionBatch,
    WorkerPulse,
)
from shared.orders.content import Content
from tests.submissions import submission

ID: Final = UUID(int=7)
UNKNOWN: Final = {"added_by_a_newer_version": {"with": ["anything", 1, None]}}
# What a sender of any version gives. A field more here would stop every older sender: give new fields a default.
REQUIRED: Final[dict[type[Any], set[str]]] = {
    Submission: {
        *("id", "version", "account", "live", "order_id", "platform", "order_number", "content", "fingerprint"),
        *("received_at", "key"),
    },
    Content: {"sets"},
    SubmissionBatch: {"submissions"},
    Settled: {"id", "state"},
    SettledBatch: {"settled"},
    WorkerPulse: {"submissions", "messages"},
    RequestsTaken: {"gateway", "requests"},
    Event: {"id", "type", "timestamp", "account", "livemode", "data"},
}
TAGS: Final = {
    SubmissionBatch: "submissions.v1",
    SettledBatch: "settled.v1",
    WorkerPulse: "pulse.v1",
    RequestsTaken: "requests-taken.v1",
}
BATCH: Final = SubmissionBatch([submission(total="10.00"), submission("other", paymentStatus="paid", wait=True)])
EXAMPLES: Final = [
    BATCH,
    SettledBatch([Settled(ID, "applied", created=True, order={"total": "10.00"})]),
    WorkerPulse(3, 1, 1_790_000_000_000_000),
    RequestsTaken(ID, {ID: 3}),
]


class Nowhere:
    """Neither a store nor a place for failures: reading a message needs none."""

    async def settle(self, submissions: object) -> list[Settled]:
        raise AssertionError("nothing is settled here")

    async def add(self, **_: object) -> None:
        raise AssertionError("nothing failed")


def with_unknown(document: Any) -> Any:
    """Return a document as a newer version might send it: with a member more in each object of a known shape."""
    match document:
        case {"type": str()} | {"id": _} | {"sets": _}:
            return {name: with_unknown(value) for name, value in document.items()} | UNKNOWN
        case dict():
            return dict(document)
        case list():
            return [with_unknown(one) for one in document]
        case _:
            return document


@pytest.mark.parametrize("contract", REQUIRED, ids=lambda contract: contract.__name__)
def test_no_field_became_required_and_none_is_gone(contract: type[Any]) -> None:
    assert {field.encode_name for field in fields(contract) if field.required} == REQUIRED[contract]


def test_no_contract_changed_its_tag() -> None:
    assert {contract: contract.__struct_config__.tag for contract in TAGS} == TAGS


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_message_of_a_newer_version_is_read_as_far_as_it_is_known(message: Any) -> None:
    document = msgspec.msgpack.decode(msgspec.msgpack.encode(message))
    newer = with_unknown(document)
    assert newer != document
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(newer), type=type(message)) == message


async def test_worker_reads_what_a_newer_gateway_sends() -> None:
    newer = with_unknown(msgspec.msgpack.decode(msgspec.msgpack.encode(BATCH)))
    handler = Handler(Nowhere(), Nowhere())
    assert await handler.decode(msgspec.msgpack.encode(newer)) == BATCH.submissions


def test_notifier_reads_what_a_newer_worker_tells() -> None:
    event = Event(ID, "payment.paid", "2026-11-22T09:30:00.000000Z", ID, True, {"order": {"id": str(ID)}})
    newer = {**msgspec.to_builtins(event), **UNKNOWN}
    assert read_event(msgspec.json.encode(newer)) == event
