"""What happened to an invoice, and what will: submissions, the events they gave, and messages, in one line of time."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from services.console.dashboard.visit import Visit
from services.console.orders import Shown
from shared.messages.formats import show_text
from shared.orders.view import FIELDS

MOST: Final = 200
"""Of each kind; more than that is for the API."""
_MONEY: Final = frozenset({"total", "amountPaid"})
_DAYS: Final = frozenset({"invoiceDate", "dueDate"})
NOTIFICATION_LOOKS: Final = {
    "planned": ("grey", "clock"),
    "held": ("amber", "pause"),
    "waiting": ("amber", "clock"),
    "sending": ("blue", "clock"),
    "sent": ("green", "check"),
    "delivered": ("green", "check"),
    "failed": ("red", "late"),
    "cancelled": ("grey", "block"),
    "simulated": ("grey", "eye"),
}
TO_COME: Final = frozenset({"planned", "held", "waiting", "sending"})
_WRITTEN: Final = frozenset({"sending", "sent", "delivered", "failed", "simulated"})
"""A message is written right before it is sent; steps that are only announced are stored nowhere."""
_EVENT_LOOKS: Final = {
    "payment.paid": ("green", "check"),
    "payment.overdue": ("red", "late"),
    "payment.refunded": ("grey", "back"),
    "payment.partial": ("blue", "check"),
    "order.cancelled": ("grey", "block"),
}


class Entry(Struct, frozen=True, kw_only=True):
    """One moment. `chips` are (colour, text, icon); `facts` (name, value)."""

    kind: Literal["submission", "notification"]
    id: str
    at: str
    title: str
    icon: str
    chips: tuple[tuple[str, str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    note: str | None = None
    is_muted: bool = False
    has_message: bool = False


class Timeline(Struct, frozen=True):
    """What is to come, the next first, and what was, the last first."""

    to_come: list[Entry]
    past: list[Entry]
    is_whole: bool


def timeline_of(visit: Visit, order: Shown, submissions: Sequence[Shown], notifications: Sequence[Shown]) -> Timeline:
    """Return the timeline of an order."""
    is_whole = len(submissions) < MOST and len(notifications) < MOST
    first = submissions[-1]["id"] if submissions and is_whole else None
    messages = [(note["state"] in TO_COME, _message(visit, note)) for note in notifications]
    past = [_submission(visit, order, each, is_first=each["id"] == first) for each in submissions]
    past += [entry for is_to_come, entry in messages if not is_to_come]
    to_come = [entry for is_to_come, entry in messages if is_to_come]
    return Timeline(
        sorted(to_come, key=lambda entry: entry.at), sorted(past, key=lambda entry: entry.at, reverse=True), is_whole
    )


def _submission(visit: Visit, order: Shown, found: Shown, *, is_first: bool) -> Entry:
    words = visit.phrases.invoice
    sender = show_text(found["apiKey"] or words.nobody)
    state, chips = found["state"], []
    if state != "applied":
        chips.append(("grey", words.states[state], "block" if state == "rejected" else "back"))
    chips += [(_EVENT_LOOKS[event][0], words.events[event], _EVENT_LOOKS[event][1]) for event in found["events"]]
    sets = found["sets"]
    facts = [(words.fields[name], _value(visit, order, name, sets[name])) for name in FIELDS if name in sets]
    facts += [(words.fields.get(name, name), words.cleared) for name in found["clears"]]
    happened = found["occurredAt"]
    return Entry(
        kind="submission",
        id=found["id"],
        at=happened or found["receivedAt"],
        title=(words.by if is_first else words.submitted).format(key=sender),
        icon="invoices" if is_first else "edit",
        chips=tuple(chips),
        facts=tuple(facts),
        is_muted=state != "applied",
    )


def _message(visit: Visit, found: Shown) -> Entry:
    words = visit.phrases.invoice
    state, channel = found["state"], found["channel"]
    title = words.step.format(step=found["step"]) if found["kind"] == "reminder" else words.kinds[found["kind"]]
    notes = [words.to.format(address=show_text(found["to"]))] if found["to"] else []
    if found["reason"]:
        notes.append(reason_of(visit, found["reason"]))
    look = NOTIFICATION_LOOKS[state]
    return Entry(
        kind="notification",
        id=found["id"],
        at=found["sentAt"] or found["dueAt"],
        title=f"{title} · {words.channels.get(channel, channel)}",
        icon="phone" if channel == "whatsapp" else "mail",
        chips=((look[0], words.notification_states[state], look[1]),),
        note=" · ".join(notes) or None,
        is_muted=state == "cancelled",
        has_message=state in _WRITTEN,
    )


def reason_of(visit: Visit, reason: str) -> str:
    """Return why a message was not sent, or not yet, in words."""
    return visit.phrases.invoice.reasons.get(reason) or show_text(reason).replace("_", " ")


def _value(visit: Visit, order: Shown, name: str, value: Any) -> str:
    words, common, formats = visit.phrases.invoice, visit.phrases.common, visit.formats
    match name:
        case "items":
            count = len(value)
            return words.items_count_one if count == 1 else words.items_count_more.format(count=count)
        case "metadata":
            return ", ".join(f"{show_text(key)}: {show_text(text)}" for key, text in value.items())
        case "paymentStatus":
            return common.status[value]
        case "orderStatus":
            return common.order_status[value]
        case name if name in _MONEY:
            return formats.money(value, order["currency"])
        case name if name in _DAYS:
            return formats.day(value)
        case _:
            return show_text(str(value))
