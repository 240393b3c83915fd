"""Taking a person out of messages that were set aside."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from services.console.erasure import Person, erased_body
from shared.contracts import Event, SubmissionBatch
from tests.submissions import ACCOUNT, submission

PERSON: dict[str, Any] = {"customerEmail": "Anna@Example.com", "customerName": "Anna", "customerPhone": "+31612345678"}


def anna(*orders: UUID) -> Person:
    return Person(ACCOUNT, True, "anna@example.com", frozenset(orders))


def test_person_is_taken_out_by_address_or_by_order_and_the_rest_stays() -> None:
    hers = submission("1", total="5", clears=("dueDate",), **PERSON)
    of_her_order = submission("2", customerName="Anna")
    others = [
        submission("3", customerEmail="bob@example.com", customerName="Bob"),
        submission("1", live=False, customerEmail="anna@example.com"),
        submission("1", account=UUID(int=5), customerEmail="anna@example.com"),
    ]
    body = msgspec.msgpack.encode(SubmissionBatch([hers, of_her_order, *others]))
    left = erased_body(body, anna(of_her_order.order_id))
    assert left is not None
    first, second, *rest = msgspec.msgpack.decode(left, type=SubmissionBatch).submissions
    cleared = ("customerEmail", "customerName", "customerPhone", "dueDate")
    content = replace(hers.content, sets={"orderStatus": "processing", "total": "5"}, clears=cleared)
    assert first == replace(hers, content=content)
    assert second.content.sets == {"orderStatus": "processing"}
    assert rest == others


def test_message_without_the_person_or_beyond_reading_stays() -> None:
    body = msgspec.msgpack.encode(SubmissionBatch([submission("1", customerEmail="bob@example.com")]))
    for unreadable in (body, b"\xc1 nonsense anna@example.com", b"{}", b'{"data": {"order": 5}}', b"[" * 10_000):
        assert erased_body(unreadable, anna()) is None


def test_event_that_was_set_aside_keeps_its_amounts_alone() -> None:
    order = {"id": str(submission("1").order_id), "total": "5.00", "orderNumber": "1", **PERSON}
    data = {"order": order, "changed": ["customerName"]}
    event = Event(UUID(int=1), "payment.paid", "2026-11-22T09:30:00Z", ACCOUNT, True, data)
    left = erased_body(msgspec.json.encode(event), anna())
    assert left is not None
    gone = dict.fromkeys(PERSON)
    assert msgspec.json.decode(left, type=Event) == replace(event, data={**data, "order": {**order, **gone}})
    assert erased_body(left, anna(submission("1").order_id)) is None
    assert erased_body(msgspec.json.encode(replace(event, livemode=False)), anna()) is None
