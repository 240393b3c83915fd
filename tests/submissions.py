"""Submissions for tests, as a gateway would make them."""

from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.contracts import Submission
from shared.orders.content import Content
from shared.orders.identity import Identity
from shared.versions import version_at

ACCOUNT = UUID(int=0xACC)
KEY = UUID(int=0x1CE)
START = 1_790_000_000_000_000
MINUTE = 60_000_000


def submission(
    number: str = "INV-2026-042",
    *,
    minutes: float = 0,
    id: UUID | None = None,
    account: UUID = ACCOUNT,
    live: bool = True,
    version: int | None = None,
    clears: tuple[str, ...] = (),
    idempotency: bytes | None = None,
    wait: bool = False,
    status: str | None = "processing",
    **sets: Any,
) -> Submission:
    """Return a submission of one order, so many minutes after the start of the test's time."""
    moment = START + int(minutes * MINUTE)
    content = Content({**({"orderStatus": status} if status else {}), **sets}, tuple(sorted(clears)))
    identity = Identity(account, live, "custom", number)
    return Submission(
        id=id or uuid7(),
        version=version_at(moment) if version is None else version,
        account=account,
        live=live,
        order_id=identity.order_id(),
        platform="custom",
        order_number=number,
        content=content,
        fingerprint=content.fingerprint(),
        received_at=moment,
        key=KEY,
        idempotency=idempotency,
        wait=wait,
    )
