"""From the bytes of a request to a draft: everything that is wrong with them at once, each fault with its pointer.

The fast road holds the parsed body against `OrderBody` at once. Only where msgspec refuses it (at the first fault, or
for an unknown field) is it looked at member by member; both roads end in the same normalisation.
"""

import difflib
from typing import Any, Final

import msgspec

from shared.errors import Fault, InvalidInput
from shared.orders.body import EXPECTED, REQUIRED, ItemBody, OrderBody, Text500
from shared.orders.content import Content, Draft
from shared.orders.normalise import normalise, pointer_token
from shared.orders.wellformed import check_well_formed, surrogate_faults

_ORDER_TYPES: Final = {f.encode_name: f.type for f in msgspec.structs.fields(OrderBody)}
_ITEM_TYPES: Final = {f.encode_name: f.type for f in msgspec.structs.fields(ItemBody)}
_AMOUNTS: Final = frozenset({"total", "amountPaid", "price", "quantity"})
_NOTHING: Final = (None, "")
_MOST_ITEMS: Final = 500
_MOST_METADATA: Final = 20
_LONGEST_METADATA_KEY: Final = 40
_MOST_REPORTED: Final = 100
"""Faults and warnings named of one body; a body of 256 KiB could otherwise ask for an answer many times its size."""


def read_order(body: bytes, *, strict: bool, now: int) -> Draft:
    """Return the draft that a body describes; unknown fields are warnings, or faults where `strict`.

    `now` is in microseconds. Raises `MalformedJson` for what is not JSON, and `InvalidInput` with every fault for what
    is JSON but no valid order.
    """
    members = check_well_formed(body)
    faults = surrogate_faults(body, members)
    if faults:
        raise _refusal(faults)
    warnings: list[Fault] = []
    try:
        values = _members_of(members)
    except msgspec.ValidationError:
        values = _read_object(members, faults, faults if strict else warnings)
    values = normalise(values, now, faults)
    if faults:
        raise _refusal(faults)
    platform, order_number = values.pop("platform"), values.pop("orderNumber")
    clears, occurred_at = values.pop("clear", ()), values.pop("occurredAt", None)
    return Draft(platform, order_number, Content(values, clears, occurred_at), tuple(warnings[:_MOST_REPORTED]))


def _refusal(faults: list[Fault]) -> InvalidInput:
    count = "1 field is" if len(faults) == 1 else f"{len(faults)} fields are"
    return InvalidInput(f"The order cannot be taken: {count} wrong", tuple(faults[:_MOST_REPORTED]))


def _members_of(members: Any) -> dict[str, Any]:
    """Return what the body really says, neither null nor "", or raise `ValidationError`: look at each member."""
    msgspec.convert(members, OrderBody)
    values = {name: value for name, value in members.items() if value is not None and value != ""}
    if "items" in values:
        values["items"] = [_item_members(item) for item in values["items"]]
    return values


def _item_members(item: dict[str, Any]) -> dict[str, Any]:
    if item["price"] in _NOTHING:
        raise msgspec.ValidationError("price is required")
    if "quantity" in item and item["quantity"] in _NOTHING:
        return {"name": item["name"], "price": item["price"]}
    return item


def _read_object(members: Any, faults: list[Fault], unknown: list[Fault]) -> dict[str, Any]:
    """Read an order member by member; faults and unknown members are appended, the good members returned."""
    if not isinstance(members, dict):
        raise _refusal([Fault("", "must be a JSON object with the fields of an order")])
    values: dict[str, Any] = {}
    for name, value in members.items():
        if name not in _ORDER_TYPES:
            _note_unknown(name, _ORDER_TYPES, f"/{pointer_token(name)}", unknown)
        elif value in _NOTHING:
            continue
        elif name == "items":
            values[name] = _read_items(value, faults, unknown)
        elif name == "metadata":
            values[name] = _read_metadata(value, faults)
        else:
            _read_member(name, value, _ORDER_TYPES[name], f"/{name}", values, faults)
    for name in REQUIRED:
        if name not in values and all(fault.pointer != f"/{name}" for fault in faults):
            faults.append(Fault(f"/{name}", f"is required: {EXPECTED[name]}"))
    return values


def _read_member(name: str, value: Any, wanted: Any, pointer: str, values: dict[str, Any], faults: list[Fault]) -> None:
    if name in _AMOUNTS:
        values[name] = value
        return
    try:
        values[name] = msgspec.convert(value, wanted)
    except msgspec.ValidationError:
        faults.append(Fault(pointer, f"must be {EXPECTED[name]}"))


def _read_items(items: Any, faults: list[Fault], unknown: list[Fault]) -> list[dict[str, Any]]:
    if not isinstance(items, list) or len(items) > _MOST_ITEMS:
        faults.append(Fault("/items", f"must be {EXPECTED['items']}"))
        return []
    read: list[dict[str, Any]] = []
    for index, members in enumerate(items):
        values: dict[str, Any] = {}
        read.append(values)
        if not isinstance(members, dict):
            faults.append(Fault(f"/items/{index}", "must be an object {name, quantity, price}"))
            continue
        for name, value in members.items():
            if name not in _ITEM_TYPES:
                _note_unknown(name, _ITEM_TYPES, f"/items/{index}/{pointer_token(name)}", unknown)
            elif value not in _NOTHING:
                _read_member(name, value, _ITEM_TYPES[name], f"/items/{index}/{name}", values, faults)
        for name in ("name", "price"):
            if members.get(name) in _NOTHING:
                faults.append(Fault(f"/items/{index}/{name}", "is required"))
    return read


def _read_metadata(pairs: Any, faults: list[Fault]) -> dict[str, str]:
    values: dict[str, str] = {}
    if not isinstance(pairs, dict):
        faults.append(Fault("/metadata", f"must be {EXPECTED['metadata']}"))
        return values
    if len(pairs) > _MOST_METADATA or any(len(key) > _LONGEST_METADATA_KEY for key in pairs):
        faults.append(Fault("/metadata", f"must be {EXPECTED['metadata']}"))
    for key, value in pairs.items():
        try:
            values[key] = msgspec.convert(value, Text500)
        except msgspec.ValidationError:
            faults.append(Fault(f"/metadata/{pointer_token(key)}", "must be a string of at most 500 characters"))
    return values


def _note_unknown(name: str, known: dict[str, Any], pointer: str, unknown: list[Fault]) -> None:
    # Looking for the nearest name takes 100 us: no more of that than is reported, or many names stop the process.
    if len(unknown) < _MOST_REPORTED:
        nearest = difflib.get_close_matches(name[:64], known, n=1)
        hint = f": did you mean {nearest[0]}?" if nearest else ""
        unknown.append(Fault(pointer, f"is no known field and was not read{hint}"))
