"""The events of one merged order. Pure; the ids of what is told once derive from what it tells, so they are stable."""

from typing import Any, Final
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid5, uuid7

from services.worker.merge import Merged, view_of
from shared.contracts import Event
from shared.orders.moments import write_timestamp

_EVENTS: Final = UUID("b7c0f1f4-9d6c-5b0e-8f0e-3c1f5a1f7b42")


def events_of(order_id: UUID, merged: Merged, now: int) -> list[Event]:
    """Return what the merge of one order tells; `now` is in microseconds since 1970."""
    if not (merged.created or merged.changed or merged.told):
        return []
    identity, view = merged.identity, view_of(order_id, merged)
    order, timestamp = msgspec.Raw(msgspec.json.encode(view)), write_timestamp(now)  # the same in each event
    new = {verdict.submission.id: verdict.submission for verdict in merged.verdicts}

    # A run may begin with a submission of long ago: what tells of it is what has come now.
    trace = next((one.submission.trace for one in reversed(merged.verdicts) if one.submission.trace), None)

    def event(id: UUID, event_type: str, **more: Any) -> Event:
        data = {"order": order, "changed": list(merged.changed), **more}
        return Event(id, event_type, timestamp, identity.account, identity.live, data, trace)

    events = []
    # A change is a replay's where everything that made it is.
    quiet = {"silent": True} if new and all(one.silent for one in new.values()) else {}
    if merged.created:
        events.append(event(uuid5(_EVENTS, f"{view['id']} order.created"), "order.created", **quiet))
    elif merged.changed:
        events.append(event(uuid7(), "order.updated", **quiet))
    for run in merged.told:
        first = run.members[0]
        more: dict[str, Any] = {"submission": {"id": str(first)}}
        if first in new:
            more["submission"]["version"] = str(new[first].version)
            if new[first].silent:
                more["silent"] = True
        events.append(event(uuid5(_EVENTS, f"{first} {run.event_type}"), run.event_type, **more))
    return events
