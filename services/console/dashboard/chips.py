"""The filters of a list that are on, as chips: what each says, and the query string without it."""

from collections.abc import Mapping

from msgspec import Struct

from services.console.dashboard.rendering import query_string
from services.console.dashboard.visit import Visit
from shared.messages.formats import show_text


class Chip(Struct, frozen=True):
    """One filter; `without` is where the list goes on without it."""

    name: str
    text: str
    without: str


def chips_of(visit: Visit, parameters: Mapping[str, str]) -> list[Chip]:
    """Return the chips of a list's parameters, in a fixed order."""
    words, common, formats = visit.phrases.invoices, visit.phrases.common, visit.formats
    chips = []
    for name, label in (
        ("q", words.search),
        ("paymentStatus", words.status),
        ("orderStatus", words.order_status),
        ("month", words.month),
        ("currency", words.currency),
        ("platform", words.platform),
        ("customerEmail", words.email),
        ("dueFrom", words.due_from),
        ("dueBefore", words.due_before),
        ("updatedSince", words.updated_since),
    ):
        value = parameters.get(name)
        if value is None:
            continue
        match name:
            case "paymentStatus":
                shown = ", ".join(common.status[each] for each in value.split(","))
            case "orderStatus":
                shown = ", ".join(common.order_status[each] for each in value.split(","))
            case "month":
                shown = formats.month(value)
            case "dueFrom" | "dueBefore":
                shown = formats.day(value)
            case _:
                shown = show_text(value)
        chips.append(Chip(label, shown, query_string(parameters, **{name: None, "cursor": None})))
    return chips
