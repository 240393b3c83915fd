"""From a draft to a submission: its id, its version, its place in an account. Pure but for the clock and random ids."""

from hashlib import sha256
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid5, uuid7

from services.gateway.clock import SharedClock
from shared.contracts import Submission
from shared.keys import ApiKey
from shared.orders.content import Draft
from shared.orders.identity import Identity
from shared.traces import current
from shared.versions import version_at

_KEYED: Final = UUID("0d3f0c59-5f34-5f0c-8a54-3b1c51d1d3a7")


def accept(
    draft: Draft,
    key: ApiKey,
    clock: SharedClock,
    now: int,
    *,
    idempotency_key: str | None,
    wait: bool,
    brief: bool = False,
) -> Submission:
    """Return the submission that a valid draft becomes, `now` being the clock's time.

    With an Idempotency-Key the id derives from account, live or test, key, order and content, so that the same request
    again is the same submission; without, it is new.
    """
    identity = Identity(key.account, key.live, draft.platform, draft.order_number)
    order_id = identity.order_id()
    fingerprint = draft.content.fingerprint()
    version = clock.next_version(now)
    if draft.content.occurred_at is not None:
        version = version_at(draft.content.occurred_at)
    return Submission(
        id=uuid7() if idempotency_key is None else _keyed_id(key, idempotency_key, order_id, fingerprint),
        version=version,
        account=key.account,
        live=key.live,
        order_id=order_id,
        platform=draft.platform,
        order_number=draft.order_number,
        content=draft.content,
        fingerprint=fingerprint,
        received_at=now,
        key=key.id,
        idempotency=None if idempotency_key is None else sha256(idempotency_key.encode()).digest()[:16],
        wait=wait,
        brief=brief,
        trace=current(),
    )


def _keyed_id(key: ApiKey, idempotency_key: str, order_id: UUID, fingerprint: bytes) -> UUID:
    world = "live" if key.live else "test"
    return uuid5(_KEYED, f"{key.account}\0{world}\0{order_id}\0{fingerprint.hex()}\0{idempotency_key}")
