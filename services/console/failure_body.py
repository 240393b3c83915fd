"""The body of POST /api/v1/failures/{id}/replay."""

from typing import Final, Literal

from msgspec import Raw, Struct

from services.console.failure_message import read_mended
from services.console.members import Members
from shared.orders.body import OrderBody
from shared.orders.content import Draft

MOST_BYTES: Final = 272 * 1024
"""An order of 256 KiB, and what stands around it."""


class ReplayBody(Struct, forbid_unknown_fields=True):
    """How a failure is replayed: with which order in the place of the one that failed, and whether clients are told."""

    body: OrderBody | Literal[""] | None = None
    notify: bool | Literal[""] | None = None


class ReplayDraft(Struct, frozen=True):
    """A replay that is asked for; `order` None means: as it is."""

    order: Draft | None = None
    notify: bool = False


def read_replay(body: bytes, now: int) -> ReplayDraft:
    """Return the replay that a body asks for; `now` is in microseconds. Raises with everything that is wrong."""
    if not body:
        return ReplayDraft()
    members = Members.of_body(body)
    document = members.read("body", Raw, "an order, as POST /api/v1/orders takes it")
    notify = members.read("notify", bool, "true or false")
    members.finish()
    return ReplayDraft(None if document is None else read_mended(bytes(document), now), notify or False)
