"""What schemathesis cannot read in the description: formats of ours, and the rules that tie members to each other.

Loaded by schemathesis itself (SCHEMATHESIS_HOOKS), which runs in a process of its own.
"""

import os
import re
from typing import Any, Final

import msgspec
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, HookContext, Response, SerializationContext

from shared.orders.money import decimals_of

OWN_KEY: Final = os.environ.get("OWN_KEY_ID", "")
"""The id of the key that asks, which must not be revoked or rotated by the run itself."""

_MOMENTS: Final = st.builds(
    "{}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format,
    st.integers(2000, 2025),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
)
_MONTH: Final = re.compile("[0-9]{4}-[0-9]{2}")
_MOST: Final = 999_999_999_999
_NAMES: Final = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20)

schemathesis.openapi.format("date-time", _MOMENTS)
schemathesis.openapi.format("email", st.builds("{}@{}.example.com".format, _NAMES, _NAMES))
schemathesis.openapi.format("uri", st.builds("https://{}.example.com/{}.pdf".format, _NAMES, _NAMES))
schemathesis.openapi.format("phone", st.builds("+316{}".format, st.integers(10_000_000, 99_999_999)))
schemathesis.openapi.format("iana-time-zone", st.sampled_from(("Europe/Amsterdam", "UTC", "America/New_York")))
schemathesis.openapi.format("iban", st.sampled_from(("NL91ABNA0417164300", "NL91 ABNA 0417 1643 00")))
schemathesis.openapi.format("bic", st.sampled_from(("ABNANL2A", "INGBNL2A")))


@schemathesis.serializer("application/x-ndjson")
def lines(context: SerializationContext, value: Any) -> bytes:
    """Write an array as lines; anything else as the one line that it is."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    elements = value if isinstance(value, list) else [value]
    return b"".join(msgspec.json.encode(element) + b"\n" for element in elements)


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    """Mend what no schema says of a body that is otherwise right; what has the wrong type is left as it is."""
    path = context.operation.path if context.operation is not None else ""
    if path == "/api/v1/orders" and isinstance(body, dict):
        return _mend_order(body)
    if path == "/api/v1/orders/batch" and isinstance(body, list):
        return [_mend_order(order) if isinstance(order, dict) else order for order in body]
    if path == "/api/v1/keys" and isinstance(body, dict) and _is_moment(body.get("expiresAt")):
        return {**body, "expiresAt": "2099" + body["expiresAt"][4:]}
    if path == "/api/v1/settings" and isinstance(body, dict):
        return _mend_settings(body)
    if path == "/api/v1/failures/{id}/replay" and isinstance(body, dict) and isinstance(body.get("body"), dict):
        return {**body, "body": _mend_order(body["body"])}
    if path == "/api/v1/webhooks/{id}/replay" and isinstance(body, dict):
        return _mend_replay(body)
    return body


def _mend_replay(replay: dict[str, Any]) -> dict[str, Any]:
    """Return a replay of one event or of a range, and of a range with its start before its end."""
    if isinstance(replay.get("eventId"), str) and replay["eventId"]:
        return {name: value for name, value in replay.items() if name not in ("from", "to")}
    if replay.get("from") in (None, "") and {*replay} <= {"eventId", "from", "to"}:
        replay = {**replay, "from": "2025-11-22T09:00:00Z"}
    if _is_moment(replay.get("from")) and _is_moment(replay.get("to")):
        return {**replay, "to": "2099" + replay["to"][4:]}
    return replay


def _mend_order(order: dict[str, Any]) -> dict[str, Any]:
    currency = order.get("currency")
    decimals = decimals_of(currency if isinstance(currency, str) else None)
    mended = {**order}
    for name in ("total", "amountPaid"):
        if name in mended:
            mended[name] = _mend_amount(mended[name], decimals)
    if isinstance(mended.get("items"), list):
        mended["items"] = [_mend_item(item, decimals) for item in mended["items"]]
    clears = mended.get("clear")
    if isinstance(clears, list):
        mended["clear"] = [name for name in clears if not isinstance(name, str) or mended.get(name) in (None, "")]
    return mended


def _mend_item(item: Any, decimals: int) -> Any:
    if not isinstance(item, dict):
        return item
    mended = {**item}
    if "price" in mended:
        mended["price"] = _mend_amount(mended["price"], decimals)
    if isinstance(mended.get("quantity"), float):
        mended["quantity"] = max(0.001, round(mended["quantity"], 3)) if 0 < mended["quantity"] < 1e12 else -1
    return mended


def _mend_amount(amount: Any, decimals: int) -> Any:
    """Return an amount with no more decimals than the currency has, and never below zero by nothing (-0)."""
    if isinstance(amount, bool):
        return amount
    if isinstance(amount, int | float):
        if abs(amount) >= 1e12:
            return amount
        rounded = max(-_MOST, min(_MOST, round(amount, decimals)))
        return f"{rounded:.{decimals}f}" if rounded else 0
    if not isinstance(amount, str) or not amount.isascii():
        return amount
    whole, point, fraction = amount.partition(".")
    if not point or not fraction.isdigit() or not whole.removeprefix("-").isdigit() or len(fraction) > 3:
        return amount
    shorter = f"{whole}.{fraction[:decimals]}" if decimals else whole
    return shorter.removeprefix("-") if not shorter.strip("-0.") else shorter


def _mend_settings(settings: dict[str, Any]) -> dict[str, Any]:
    mended = {**settings}
    ladder = mended.get("ladder")
    if isinstance(ladder, list) and all(isinstance(day, int) for day in ladder):
        mended["ladder"] = sorted(ladder)
    hours = mended.get("quietHours")
    if isinstance(hours, dict) and all(isinstance(hours.get(name), str) for name in ("from", "to")):
        start, end = sorted((hours["from"], hours["to"]))
        mended["quietHours"] = {**hours, "from": start, "to": end} if start < end else {}
    limit = mended.get("rateLimit")
    if isinstance(limit, dict) and set(limit) == {"requestsPerSecond", "burst"}:
        # A limit that the run would not be stopped by.
        mended["rateLimit"] = {"requestsPerSecond": 100_000, "burst": 1_000_000}
    return mended


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and value[:2] == "20" and value.endswith("Z")


@schemathesis.hook
def map_query(context: HookContext, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Leave out most cursors, which would be refused, and the later of two months that are the wrong way round."""
    if query is None:
        return None
    mended = {**query}
    if isinstance(mended.get("cursor"), str) and mended["cursor"] != "0":
        del mended["cursor"]
    first, last = mended.get("from"), mended.get("to")
    if isinstance(first, str) and isinstance(last, str) and _MONTH.fullmatch(first) and _MONTH.fullmatch(last):
        del mended["to"]
    return mended


@schemathesis.hook
def filter_path_parameters(context: HookContext, path_parameters: dict[str, Any] | None) -> bool:
    """Spare the key that asks."""
    return not OWN_KEY or (path_parameters or {}).get("id") != OWN_KEY


@schemathesis.hook
def filter_failure(context: HookContext, failure: Any, case: Case[Any], response: Response) -> bool:
    """Drop the failures that the product's own rules ask for, each named."""
    document = response.json() if response.content and "json" in response.headers.get("content-type", [""])[0] else {}
    name, path = type(failure).__name__, case.operation.path
    if name == "AcceptedNegativeData" and path == "/api/v1/orders/batch":
        # One bad item never rejects the others: a wrong one has its own verdict in a 200.
        return not any(result["status"] == 422 for result in document.get("results", ()))
    if name == "RejectedPositiveData" and isinstance(document, dict):
        if document.get("code") == "idempotency_key_reused":
            # A key that comes with another body is another submission, and is refused where its client waits.
            return False
        messages = [fault["message"] for fault in document.get("errors", ())]
        if messages and all(message.startswith("is no known field") for message in messages):
            # Unknown fields are warnings, and faults with ?strict=true.
            return False
        # A cursor is one that this same list gave.
        return {fault["pointer"] for fault in document.get("errors", ())} != {"/cursor"}
    return True
