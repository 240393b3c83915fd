"""What the members of a body mean: each value checked, and brought to the one form that is stored and compared."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from shared.errors import Fault
from shared.orders.body import NEVER_CLEARED, OrderBody
from shared.orders.contact import email_fault, parse_phone, url_fault
from shared.orders.moments import is_date, parse_timestamp
from shared.orders.money import CURRENCIES, amount_example, decimals_of, parse_amount
from shared.orders.text import identifier_fault, text_fault

SIGNED: Final = frozenset({"total", "price"})
_EARLIEST_MICROSECONDS: Final = 946_684_800_000_000
"""2000-01-01, before which no `occurredAt` is believed."""
_AHEAD_MICROSECONDS: Final = 5_000_000
"""How far a sender's clock may run ahead of ours."""
_CLEARABLE: Final = frozenset(f.encode_name for f in msgspec.structs.fields(OrderBody)) - NEVER_CLEARED


class _Wrong(Exception):
    """A value cannot be taken; the text says how to mend it."""


def normalise(values: Mapping[str, Any], now: int, faults: list[Fault]) -> dict[str, Any]:
    """Return the values in their stored form; what is wrong with them is appended to `faults`.

    `values` holds members that already have the right JSON type, none of them absent; `now` is in microseconds.
    """
    currency = values.get("currency")
    decimals = decimals_of(currency if currency in CURRENCIES else None)
    kept: dict[str, Any] = {}
    for name, value in values.items():
        try:
            read = _READ_ALONE.get(name)
            if read is not None:
                kept[name] = read(value)
            elif name in ("total", "amountPaid"):
                kept[name] = _amount(name, value, decimals)
            elif name == "items":
                kept[name] = [_item(index, item, decimals, faults) for index, item in enumerate(value)]
            elif name == "occurredAt":
                kept[name] = _occurred_at(value, now)
            elif name == "metadata":
                kept[name] = _metadata(value, faults)
            elif name == "clear":
                kept[name] = tuple(sorted(set(_clears(value, values, faults))))
            else:
                raise LookupError(f"nothing here reads {name}")
        except _Wrong as wrong:
            faults.append(Fault(f"/{name}", str(wrong)))
    return kept


def _decimal(value: Any, decimals: int, *, signed: bool) -> str | None:
    """Return the shortest form of what a JSON string or number (which is bytes) holds; None if that is no decimal."""
    if isinstance(value, bytes):
        value = value.decode()
    return parse_amount(value, decimals, signed) if isinstance(value, str) else None


def _amount(name: str, value: Any, decimals: int) -> str:
    amount = _decimal(value, decimals, signed=name in SIGNED)
    if amount is None:
        places = "no decimals" if decimals == 0 else f"at most {decimals} decimals"
        minus = "" if name in SIGNED else ", not negative"
        raise _Wrong(
            f'must be a decimal such as "{amount_example(decimals)}": plain digits, '
            f"at most 12 before the point and {places}{minus}"
        )
    return amount


def _quantity(value: Any) -> str:
    quantity = _decimal(value, 3, signed=False)
    if quantity is None or quantity == "0":
        raise _Wrong("must be a number above 0 such as 1 or 2.5, with at most 3 decimals")
    return quantity


def _item(index: int, item: Mapping[str, Any], decimals: int, faults: list[Fault]) -> dict[str, str]:
    kept = {"quantity": "1"}
    for name, value in item.items():
        try:
            if name == "price":
                kept[name] = _amount(name, value, decimals)
            else:
                kept[name] = _text(value) if name == "name" else _quantity(value)
        except _Wrong as wrong:
            faults.append(Fault(f"/items/{index}/{name}", str(wrong)))
    return kept


def _metadata(pairs: Mapping[str, str], faults: list[Fault]) -> dict[str, str]:
    for key, value in pairs.items():
        fault = text_fault(key) or text_fault(value)
        if fault is not None:
            faults.append(Fault(f"/metadata/{pointer_token(key)}", fault))
    return dict(pairs)


def _clears(names: list[str], values: Mapping[str, Any], faults: list[Fault]) -> Iterator[str]:
    for index, name in enumerate(names):
        if name not in _CLEARABLE:
            faults.append(Fault(f"/clear/{index}", f"must be one of {', '.join(sorted(_CLEARABLE))}"))
        elif name in values:
            faults.append(Fault(f"/clear/{index}", "names a field that the same body sets: set it or clear it"))
        else:
            yield name


def _occurred_at(value: str, now: int) -> int:
    moment = parse_timestamp(value)
    if moment is None:
        raise _Wrong("must be an RFC 3339 timestamp such as 2026-11-22T09:30:00Z or 2026-11-22T10:30:00+01:00")
    if moment < _EARLIEST_MICROSECONDS:
        raise _Wrong("must not be before 2000-01-01T00:00:00Z")
    if moment > now + _AHEAD_MICROSECONDS:
        raise _Wrong("must not lie more than 5 seconds in the future: check the sender's clock and time zone")
    return moment


def pointer_token(name: str) -> str:
    """Return a member's name as one token of a JSON pointer (RFC 6901), shortened and always printable."""
    token = name[:64].replace("~", "~0").replace("/", "~1")
    return token.encode("unicode_escape").decode() if text_fault(token) else token


def _text(value: str) -> str:
    fault = text_fault(value)
    if fault is not None:
        raise _Wrong(fault)
    return value


def _text_with(fault_of: Callable[[str], str | None]) -> Callable[[str], str]:
    """Return what reads a text of which more is asked; `fault_of` tells what is wrong with it."""

    def read(value: str) -> str:
        fault = text_fault(value) or fault_of(value)
        if fault is not None:
            raise _Wrong(fault)
        return value

    return read


def _date(value: str) -> str:
    if not is_date(value):
        raise _Wrong("must be a day of the calendar written as 2026-11-22")
    return value


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        raise _Wrong("must be an ISO 4217 code in capitals, such as EUR")
    return value


def _phone(value: str) -> str:
    number = None if text_fault(value) else parse_phone(value)
    if number is None:
        raise _Wrong("must be a phone number such as +31 6 12345678 (without a country code it is read as Dutch)")
    return number


_READ_ALONE: Final[dict[str, Callable[[Any], Any]]] = {
    # One of a few words: held to them when the body was decoded.
    "orderStatus": str,
    "customerLanguage": str,
    "paymentStatus": str,
    "platform": _text_with(identifier_fault),
    "orderNumber": _text_with(identifier_fault),
    "customerEmail": _text_with(email_fault),
    "customerName": _text,
    "customerPhone": _phone,
    "currency": _currency,
    "paymentMethod": _text,
    "invoiceNumber": _text,
    "invoiceUrl": _text_with(url_fault),
    "invoiceDate": _date,
    "dueDate": _date,
    "paymentUrl": _text_with(url_fault),
}
"""What reads the members whose value alone decides. The others need the currency, the clock or their neighbours."""
