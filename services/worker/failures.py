"""The table `failures`: what no retry will mend, set aside whole, so that it can be seen, mended and replayed."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from shared.contracts import Event, Submission, SubmissionBatch
from shared.database import Connection, Database
from shared.errors import UNREADABLE
from shared.failures import ERASED
from shared.metrics import FAILURES, FAILURES_OPEN
from shared.outbox import add_to_outbox

# What fails again under a replay stays open, with its new reason. What was discarded and comes once more is open again:
# its sender was told that it is accepted. A replay that is asked for while its message comes a second time stands.
# From whom a person was erased, what had been read before may still fail, and its reason quote them: only a replay that
# was begun since then tells why.
_ADD: Final = """
INSERT INTO failures AS f (id, account_id, livemode, place, cause, reason, body, submission_id, order_id, platform,
    order_number, trace)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (id) DO UPDATE SET
    cause = excluded.cause, discarded_at = NULL, replay_claimed_until = NULL,
    reason = CASE WHEN f.reason = $13 AND f.replay_claimed_until IS NULL THEN f.reason ELSE excluded.reason END,
    replay_requested_at = CASE WHEN f.replay_claimed_until IS NULL THEN f.replay_requested_at END
WHERE f.replayed_at IS NULL
"""
_CLAIM: Final = """
UPDATE failures SET replay_claimed_until = now() + make_interval(secs => $1), replays = replays + 1
WHERE id = (
    SELECT id FROM failures
    WHERE replay_requested_at IS NOT NULL AND replayed_at IS NULL AND discarded_at IS NULL
        AND (replay_claimed_until IS NULL OR replay_claimed_until < now())
    ORDER BY replay_requested_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, place, coalesce(mended, body) AS body, notify
"""
_FINISH: Final = """
UPDATE failures SET replayed_at = now(), outcome = $2, replay_claimed_until = NULL
WHERE id = $1 AND replay_claimed_until IS NOT NULL AND replayed_at IS NULL
"""
_FAIL_AGAIN: Final = """
UPDATE failures SET cause = $2, reason = $3, replay_requested_at = NULL, replay_claimed_until = NULL
WHERE id = $1 AND replay_claimed_until IS NOT NULL AND replayed_at IS NULL
"""
_SWEEP: Final = """
DELETE FROM failures WHERE ctid = ANY(ARRAY(SELECT ctid FROM failures
    WHERE replayed_at < now() - make_interval(days => $1) OR discarded_at < now() - make_interval(days => $1)
    LIMIT 1000))
"""
# The newest ones, by their index: an installation that has gathered a million must not read them all each time.
_COUNT_OPEN: Final = """
SELECT place, cause, count(*) AS open
FROM (
    SELECT place, cause FROM failures WHERE replayed_at IS NULL AND discarded_at IS NULL
    ORDER BY created_at DESC LIMIT 1000
) AS newest
GROUP BY place, cause
"""
_FAILURES: Final = UUID("0a0f7e35-6a0b-5f43-9a35-5f1cf9d7a1d5")
_decode_batch: Final = msgspec.msgpack.Decoder(SubmissionBatch).decode
_decode_event: Final = msgspec.json.Decoder(Event).decode
_encode: Final = msgspec.msgpack.Encoder().encode


class Replay(Struct, frozen=True):
    """A failure that is to be replayed, as it is or as mended; silently unless `notify`."""

    id: UUID
    place: str
    body: bytes
    notify: bool


class Failures:
    """Sets aside messages and submissions, and hands out those that are to be replayed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen_open: set[tuple[str, str]] = set()

    async def add(
        self, *, cause: str, reason: str, body: bytes, submission: Submission | None = None, place: str = "worker"
    ) -> None:
        """Record one failure; the caller may acknowledge its message afterwards.

        Its id derives from what failed, so what comes again is not recorded twice.
        """
        async with self._database.transaction() as connection:
            await _add(connection, cause=cause, reason=reason, body=body, submission=submission, place=place)
        FAILURES.labels(place, cause).inc()

    async def add_message(self, *, cause: str, reason: str, body: bytes, place: str) -> None:
        """Record a whole message as one failure for each submission, so that each account sees, and mends, its own."""
        async with self._database.transaction() as connection:
            for submission in _submissions_in(body):
                alone = _encode(SubmissionBatch([submission]))
                await _add(connection, cause=cause, reason=reason, body=alone, submission=submission, place=place)
            if not _submissions_in(body):
                await _add(connection, cause=cause, reason=reason, body=body, event=_event_in(body), place=place)
        FAILURES.labels(place, cause).inc()

    async def claim_replay(self, lease_seconds: float) -> Replay | None:
        """Give the failure whose replay was asked for first, to no other worker meanwhile; None where there is none."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_CLAIM, lease_seconds)
        return None if row is None else Replay(row["id"], row["place"], row["body"], row["notify"])

    async def finish_replay(self, failure_id: UUID, outcome: str) -> None:
        """Note that a claimed replay is done; what failed again meanwhile stays open."""
        async with self._database.transaction() as connection:
            await connection.execute(_FINISH, failure_id, outcome)

    async def fail_replay(self, failure_id: UUID, *, cause: str, reason: str) -> None:
        """Note why a replay failed; it stays open."""
        async with self._database.transaction() as connection:
            await connection.execute(_FAIL_AGAIN, failure_id, _storable(cause), _storable(reason))

    async def republish(self, replay: Replay, event: Event) -> None:
        """Let the relay publish an event once more, under the id that it had, and note that its replay is done."""
        async with self._database.transaction() as connection:
            await add_to_outbox(connection, [(event, _order_of(event))])
            await connection.execute(_FINISH, replay.id, "published")

    async def sweep(self, keep_days: int) -> None:
        """Forget what was replayed or discarded so long ago."""
        async with self._database.transaction() as connection:
            await connection.execute(_SWEEP, keep_days)

    async def measure_open(self) -> None:
        """Let the gauge tell how many are open of each place and cause."""
        async with self._database.transaction(readonly=True) as connection:
            found = {(row["place"], row["cause"]): row["open"] for row in await connection.fetch(_COUNT_OPEN)}
        # What was replayed stays at 0: a series that ends says nothing.
        self._seen_open |= found.keys()
        for place, cause in self._seen_open:
            FAILURES_OPEN.labels(place, cause).set(found.get((place, cause), 0))


async def _add(
    connection: Connection,
    *,
    cause: str,
    reason: str,
    body: bytes,
    place: str,
    submission: Submission | None = None,
    event: Event | None = None,
) -> None:
    owner = submission or event
    await connection.execute(
        _ADD,
        uuid5(_FAILURES, f"{place} {sha256(body).hexdigest()}" if submission is None else f"{submission.id}"),
        owner.account if owner else None,
        submission.live if submission else event.livemode if event else None,
        place,
        _storable(cause),
        _storable(reason),
        body,
        submission.id if submission else None,
        submission.order_id if submission else None,
        _storable(submission.platform) if submission else None,
        _storable(submission.order_number) if submission else None,
        _storable(submission.trace) if submission and submission.trace else None,
        ERASED,
    )


def _order_of(event: Event) -> UUID | None:
    order = event.data.get("order")
    try:
        return UUID(order["id"]) if isinstance(order, dict) else None
    except (LookupError, ValueError, TypeError, AttributeError):
        return None


def _storable(text: str) -> str:
    """Return a text that Postgres takes, whatever it is: it may be what was refused."""
    return text.encode(errors="replace").decode().replace("\0", "")[:500]


def _submissions_in(body: bytes) -> Sequence[Submission]:
    try:
        return _decode_batch(body).submissions
    except UNREADABLE:
        return ()


def _event_in(body: bytes) -> Event | None:
    try:
        return _decode_event(body)
    except UNREADABLE:
        return None
