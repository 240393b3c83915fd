"""Taking a person out of messages that were set aside."""

from typing import Any

import msgspec
from msgspec.structs import replace

from services.console.erasure import erased_body
from shared.contracts import SubmissionBatch
from tests.submissions import submission

PERSON: dict[str, Any] = {"customerEmail": "Anna@Example.com", "customerName": "Anna", "customerPhone": "+31612345678"}


def test_person_is_taken_out_by_address_or_by_order_and_the_rest_stays() -> None:
    hers = submission("1", total="5", clears=("dueDate",), **PERSON)
    of_her_order = submission("2", customerName="Anna")
    another = submission("3", customerEmail="bob@example.com", customerName="Bob")
    body = msgspec.msgpack.encode(SubmissionBatch([hers, of_her_order, another]))
    left = erased_body(body, {of_her_order.order_id}, "anna@example.com")
    assert left is not None
    assert b"nna" not in left
    first, second, third = msgspec.msgpack.decode(left, type=SubmissionBatch).submissions
    cleared = ("customerEmail", "customerName", "customerPhone", "dueDate")
    content = replace(hers.content, sets={"orderStatus": "processing", "total": "5"}, clears=cleared)
    assert first == replace(hers, content=content)
    assert second.content.sets == {"orderStatus": "processing"}
    assert third == another


def test_message_without_the_person_or_beyond_reading_stays() -> None:
    body = msgspec.msgpack.encode(SubmissionBatch([submission("1", customerEmail="bob@example.com")]))
    assert erased_body(body, set(), "anna@example.com") is None
    assert erased_body(b"\xc1 nonsense anna@example.com", set(), "anna@example.com") is None
