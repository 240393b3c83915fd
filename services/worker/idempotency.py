"""The table `idempotency_keys`: which submission stands for a key; of two different ones, the lower version.

A submission's id derives from its key and content, so the same request again is the same submission; another body under
the same key is another submission, which is rejected.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from shared.contracts import Submission
from shared.database import Connection

REASON: Final = "idempotency_key_reused"

# Claims in the order of digests, as every worker does, and before any order is locked: no circle of waits.
# The no-op update locks a claim that stands, and returns it. A claim past its time is taken over.
_CLAIM: Final = """
INSERT INTO idempotency_keys AS k (account_id, livemode, digest, submission_id, order_id, version, expires_at)
SELECT n.account_id, n.livemode, n.digest, n.submission_id, n.order_id, n.version, now() + interval '8 days'
FROM unnest($1::uuid[], $2::boolean[], $3::bytea[], $4::uuid[], $5::uuid[], $6::bigint[])
    AS n(account_id, livemode, digest, submission_id, order_id, version)
ORDER BY n.account_id, n.livemode, n.digest
ON CONFLICT (account_id, livemode, digest) DO UPDATE SET
    submission_id = CASE WHEN k.expires_at < now() THEN excluded.submission_id ELSE k.submission_id END,
    order_id = CASE WHEN k.expires_at < now() THEN excluded.order_id ELSE k.order_id END,
    version = CASE WHEN k.expires_at < now() THEN excluded.version ELSE k.version END,
    expires_at = CASE WHEN k.expires_at < now() THEN excluded.expires_at ELSE k.expires_at END
RETURNING account_id, livemode, digest, submission_id, order_id, version
"""

_REPLACE: Final = """
UPDATE idempotency_keys AS k SET submission_id = n.submission_id, order_id = n.order_id, version = n.version
FROM unnest($1::uuid[], $2::boolean[], $3::bytea[], $4::uuid[], $5::uuid[], $6::bigint[])
    AS n(account_id, livemode, digest, submission_id, order_id, version)
WHERE k.account_id = n.account_id AND k.livemode = n.livemode AND k.digest = n.digest
"""


class Claims(msgspec.Struct, frozen=True):
    """How keys fell: ids of the batch that are rejected, and stored ones (with their order) that now are."""

    rejected: frozenset[UUID]
    overthrown: dict[UUID, UUID]


async def claim(connection: Connection, submissions: Sequence[Submission]) -> Claims:
    """Claim the key of every submission that has one, for the lowest (version, id) of each key."""
    first: dict[tuple[UUID, bool, bytes], Submission] = {}
    keyed = [submission for submission in submissions if submission.idempotency is not None]
    for submission in sorted(keyed, key=_place):
        first.setdefault(_key(submission), submission)
    if not first:
        return Claims(frozenset(), {})
    overthrown: dict[UUID, UUID] = {}
    replaced: list[Submission] = []
    holders: dict[tuple[UUID, bool, bytes], UUID] = {}
    for row in await connection.fetch(_CLAIM, *_columns(list(first.values()))):
        key = (row["account_id"], row["livemode"], row["digest"])
        mine = first[key]
        holders[key] = row["submission_id"]
        if _place(mine) < (row["version"], row["submission_id"].bytes):
            replaced.append(mine)
            holders[key] = mine.id
            if mine.id != row["submission_id"]:
                overthrown[row["submission_id"]] = row["order_id"]
    if replaced:
        await connection.execute(_REPLACE, *_columns(replaced))
    rejected = frozenset(submission.id for submission in keyed if holders[_key(submission)] != submission.id)
    return Claims(rejected, overthrown)


def _key(submission: Submission) -> tuple[UUID, bool, bytes]:
    return submission.account, submission.live, submission.idempotency or b""


def _place(submission: Submission) -> tuple[int, bytes]:
    return submission.version, submission.id.bytes


def _columns(submissions: Sequence[Submission]) -> tuple[list[object], ...]:
    return (
        [submission.account for submission in submissions],
        [submission.live for submission in submissions],
        [submission.idempotency for submission in submissions],
        [submission.id for submission in submissions],
        [submission.order_id for submission in submissions],
        [submission.version for submission in submissions],
    )
