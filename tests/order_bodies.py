"""Bodies of POST /orders: what is taken of them, and what is refused, by pointer."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shared.errors import InvalidInput, MalformedJson
from shared.orders.body import REQUIRED, OrderBody
from shared.orders.content import Draft
from shared.orders.moments import to_microseconds
from shared.orders.validation import read_order

NOW = to_microseconds(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
MINIMAL = {"platform": "custom", "orderNumber": "INV-2026-042", "orderStatus": "processing"}
ITEM = {"name": "Ontwerp woning - fase 1", "price": "2500.00"}
OPTIONAL = [member.encode_name for member in msgspec.structs.fields(OrderBody) if member.encode_name not in REQUIRED]
"""Every member that a body may leave out."""


def read(body: bytes, *, strict: bool = False) -> Draft:
    return read_order(body, strict=strict, now=NOW)


def taken(**members: Any) -> Draft:
    return read(json.dumps({**MINIMAL, **members}).encode())


def stored(name: str, value: Any, **others: Any) -> Any:
    """The value of one field as it is stored."""
    return taken(**{name: value}, **others).content.sets.get(name)


def faults(body: bytes, *, strict: bool = False) -> dict[str, str]:
    """The faults of a body by their pointers."""
    with pytest.raises(InvalidInput) as refused:
        read(body, strict=strict)
    assert not isinstance(refused.value, MalformedJson), "refused as no JSON at all"
    assert len({fault.pointer for fault in refused.value.faults}) == len(refused.value.faults), "a pointer named twice"
    return {fault.pointer: fault.message for fault in refused.value.faults}


def refused(**members: Any) -> dict[str, str]:
    return faults(json.dumps({**MINIMAL, **members}).encode())
