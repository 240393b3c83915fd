"""What is due for webhooks, found and claimed. All times are Postgres's, so that notifiers on several hosts agree.

A claim puts the moment off at which a delivery is due, by its lease: if the notifier dies, it falls due again, and the
attempt that nobody finished is put on record by whoever takes over.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct
from uuid_utils.compat import uuid7

from services.notifier.webhooks.delivery import Candidate, Claimed
from services.notifier.webhooks.erased import without_person
from services.notifier.webhooks.schedule import MOST_ATTEMPTS
from shared.database import Database, Row
from shared.telemetry import log

START: Final = UUID(int=0)
_SCANNED_WEBHOOKS: Final = 200

# The webhooks with something to be sent, one index probe each, however much that is; and of each, what is due first.
_CANDIDATES: Final = f"""
WITH RECURSIVE waiting (webhook_id, nth) AS (
    (SELECT webhook_id, 1 FROM webhook_deliveries WHERE state = 'pending' AND webhook_id > $1
     ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.webhook_id FROM webhook_deliveries AS d
            WHERE d.state = 'pending' AND d.webhook_id > waiting.webhook_id ORDER BY d.webhook_id LIMIT 1), nth + 1
    FROM waiting WHERE waiting.webhook_id IS NOT NULL AND nth < {_SCANNED_WEBHOOKS}
)
SELECT waiting.webhook_id, w.account_id, w.is_slow, d.event_id,
    extract(epoch FROM greatest(d.due_at, w.paused_until) - now())::float8 AS due_in_seconds
FROM waiting
LEFT JOIN webhooks AS w ON w.id = waiting.webhook_id AND w.enabled AND w.id <> ALL ($2::uuid[])
LEFT JOIN LATERAL (
    SELECT event_id, due_at FROM webhook_deliveries
    WHERE webhook_id = w.id AND state = 'pending' ORDER BY due_at LIMIT $3
) AS d ON true
WHERE waiting.webhook_id IS NOT NULL
ORDER BY waiting.webhook_id, d.due_at
"""

# Of those that are neither slow nor failing, whose own doing it is: how long the oldest has been due.
_LAG: Final = """
WITH RECURSIVE waiting (webhook_id) AS (
    (SELECT webhook_id FROM webhook_deliveries WHERE state = 'pending' ORDER BY webhook_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.webhook_id FROM webhook_deliveries AS d
            WHERE d.state = 'pending' AND d.webhook_id > waiting.webhook_id ORDER BY d.webhook_id LIMIT 1)
    FROM waiting WHERE waiting.webhook_id IS NOT NULL
)
SELECT max(extract(epoch FROM clock_timestamp() - d.due_at))::float8
FROM waiting JOIN webhooks AS w ON w.id = waiting.webhook_id AND w.enabled AND NOT w.is_slow
    AND coalesce(w.paused_until <= now(), true)
CROSS JOIN LATERAL (
    SELECT due_at FROM webhook_deliveries WHERE webhook_id = w.id AND state = 'pending' ORDER BY due_at LIMIT 1
) AS d
WHERE d.due_at <= now()
"""

_CLAIM: Final = """
WITH picked AS (
    SELECT d.webhook_id, d.event_id, d.claim AS abandoned, d.claimed_at AS abandoned_at, d.due_at AS was_due_at
    FROM webhook_deliveries AS d JOIN unnest($1::uuid[], $2::uuid[]) AS wanted (webhook_id, event_id)
        ON d.webhook_id = wanted.webhook_id AND d.event_id = wanted.event_id
    WHERE d.state = 'pending' AND d.due_at <= now()
    ORDER BY d.webhook_id, d.event_id FOR UPDATE OF d SKIP LOCKED
)
UPDATE webhook_deliveries AS d
SET due_at = now() + make_interval(secs => $3), claim = $4, claimed_at = now(), attempts = d.attempts + 1
FROM picked WHERE d.webhook_id = picked.webhook_id AND d.event_id = picked.event_id
RETURNING d.webhook_id, d.event_id, d.event_created_at, d.attempts, picked.abandoned, picked.abandoned_at,
    extract(epoch FROM now() - picked.was_due_at)::float8 AS lag_seconds
"""

# A statement of its own: it sees each webhook as committed after the claim.
_READ: Final = """
SELECT claimed.nth, w.account_id, w.livemode, w.url, w.secret, w.is_slow, now() AS now,
    CASE WHEN w.old_secret_until > now() THEN w.old_secret END AS old_secret,
    o.type, o.order_id, o.body, coalesce(o.created_at <= e.erased_at, false) AS is_erased
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) WITH ORDINALITY
    AS claimed (webhook_id, event_id, created_at, nth)
JOIN webhooks AS w ON w.id = claimed.webhook_id AND w.enabled
JOIN outbox AS o ON o.id = claimed.event_id AND o.created_at = claimed.created_at
LEFT JOIN erased_orders AS e ON e.order_id = o.order_id
"""

_ABANDONED: Final = """
INSERT INTO webhook_attempts (id, webhook_id, account_id, livemode, event_id, event_type, order_id, number, started_at,
    outcome, next_try_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'abandoned', now()) ON CONFLICT DO NOTHING
"""

_GIVE_UP: Final = """
UPDATE webhook_deliveries SET state = $3, claim = NULL, claimed_at = NULL WHERE webhook_id = $1 AND event_id = $2
"""
_MOST_CLAIMS: Final = 3 * MOST_ATTEMPTS
"""What was claimed so often and never recorded does harm to whoever attempts it."""


class Look(Struct, frozen=True):
    """What one look found; `after` is where the next one begins, `START` where this one came to the end."""

    candidates: list[Candidate]
    after: UUID


class Claims:
    """Finds what is due and claims it, so that no two notifiers ever hold the same delivery."""

    def __init__(self, database: Database, *, lease_seconds: float) -> None:
        self._database = database
        self._lease_seconds = lease_seconds

    async def look(self, after: UUID, full: Sequence[UUID], most_each: int) -> Look:
        """Return what some webhooks have to be sent, up to `most_each` of each; of those that are `full`, nothing."""
        async with self._database.transaction(readonly=True) as connection:
            rows = await connection.fetch(_CANDIDATES, after, full, most_each)
        scanned = {row["webhook_id"] for row in rows}
        end = rows[-1]["webhook_id"] if len(scanned) == _SCANNED_WEBHOOKS else START
        return Look([_candidate(row) for row in rows if row["event_id"] is not None], end)

    async def lag_seconds(self) -> float | None:
        """Return for how long the oldest delivery has been due that could be attempted, or None where none is."""
        async with self._database.transaction(readonly=True) as connection:
            seconds: float | None = await connection.fetchval(_LAG)
        return seconds

    async def claim(self, chosen: Sequence[Candidate]) -> list[Claimed]:
        """Claim what nobody else has claimed meanwhile; on return, that is committed."""
        if not chosen:
            return []
        webhooks, events = [one.webhook for one in chosen], [one.event for one in chosen]
        claimed: list[Claimed] = []
        async with self._database.transaction() as connection:
            claim = uuid7()
            rows = await connection.fetch(_CLAIM, webhooks, events, self._lease_seconds, claim)
            columns = [[row[name] for row in rows] for name in ("webhook_id", "event_id", "event_created_at")]
            found = {row["nth"]: row for row in await connection.fetch(_READ, *columns)} if rows else {}
            for nth, row in enumerate(rows, 1):
                more = found.get(nth)
                if more is None or row["attempts"] > _MOST_CLAIMS:
                    # Its webhook is gone or disabled, or its event has left the outbox; or no attempt ever ends.
                    state = "cancelled" if more is None else "failed"
                    await connection.execute(_GIVE_UP, row["webhook_id"], row["event_id"], state)
                    continue
                claimed.append(_claimed(row, more, claim))
                if row["abandoned"] is not None:
                    webhook, event_id = str(row["webhook_id"]), str(row["event_id"])
                    log.warning("webhook.attempt_abandoned", webhook=webhook, event_id=event_id)
                    await connection.execute(_ABANDONED, uuid7(), *_abandoned(row, more))
        return claimed


def _candidate(row: Row) -> Candidate:
    return Candidate(row["webhook_id"], row["account_id"], row["event_id"], row["is_slow"], row["due_in_seconds"])


def _claimed(row: Row, more: Row, claim: UUID) -> Claimed:
    body: bytes = more["body"]
    return Claimed(
        webhook=row["webhook_id"],
        account=more["account_id"],
        live=more["livemode"],
        event=row["event_id"],
        event_type=more["type"],
        order=more["order_id"],
        claim=claim,
        number=row["attempts"],
        is_slow=more["is_slow"],
        url=more["url"],
        secrets=tuple(filter(None, (more["secret"], more["old_secret"]))),
        body=without_person(body) if more["is_erased"] else body,
        started_at=more["now"],
        lag_seconds=row["lag_seconds"],
    )


def _abandoned(row: Row, more: Row) -> tuple[object, ...]:
    """Return what is put on record of the attempt before, which its notifier did not live to finish."""
    return (
        row["webhook_id"],
        more["account_id"],
        more["livemode"],
        row["event_id"],
        more["type"],
        more["order_id"],
        row["attempts"] - 1,
        row["abandoned_at"],
    )
