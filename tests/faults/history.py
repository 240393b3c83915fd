"""What Postgres holds of one account, read for the oracle."""

from collections import Counter
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from services.worker.orders import lock_orders
from shared.contracts import Event, Submission
from shared.database import Database
from shared.orders.content import Content
from tests.simulation.checks import Row, Stored, row_of

_HISTORY: Final = """
SELECT id, order_id, order_number, version, sets::text, clears, keyed, state, duplicate_of,
    (extract(epoch FROM occurred_at) * 1000000)::bigint AS occurred_at,
    (extract(epoch FROM received_at) * 1000000)::bigint AS received_at,
    (extract(epoch FROM settled_at) * 1000000)::bigint AS settled_at
FROM submissions WHERE account_id = $1
"""
_NOTIFICATIONS: Final = """
SELECT id, order_id, kind, run_id, state,
    (SELECT count(*) FROM attempts AS a WHERE a.notification_id = n.id AND a.outcome = 'retry') AS unknown_attempts
FROM notifications AS n WHERE account_id = $1 AND channel = 'email'
"""
_BUSY: Final = "('planned', 'held', 'waiting', 'sending')"


class Notification(Struct, frozen=True):
    """One planned e-mail; of `unknown_attempts` nobody knows whether the server has kept it."""

    id: UUID
    order_id: UUID
    kind: str
    run_id: UUID
    state: str
    unknown_attempts: int


class Contents(Struct, frozen=True):
    """All of one account."""

    submissions: dict[UUID, Submission]
    repeated: dict[UUID, int]
    stored: dict[UUID, Stored]
    rows: dict[UUID, Row]
    events: list[tuple[UUID, Event]]
    notifications: list[Notification]
    failures: list[str]


async def read_contents(database: Database, account: UUID) -> Contents:
    """Read all that Postgres holds of an account."""
    async with database.transaction() as connection:
        history = await connection.fetch(_HISTORY, account)
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM orders WHERE account_id = $1", account)]
        rows = await lock_orders(connection, sorted(ids))
        told = await connection.fetch("SELECT order_id, body FROM outbox WHERE account_id = $1", account)
        notifications = await connection.fetch(_NOTIFICATIONS, account)
        failures = await connection.fetch("SELECT place, cause FROM failures")
    return Contents(
        submissions={row["id"]: _submission(account, row) for row in history},
        repeated={id: times for id, times in Counter(row["id"] for row in history).items() if times > 1},
        stored={
            row["id"]: Stored(row["version"], row["received_at"], row["settled_at"], row["state"], row["duplicate_of"])
            for row in history
        },
        rows={id: row_of(order.state, order.newest) for id, order in rows.items()},
        events=[(row["order_id"], msgspec.json.decode(row["body"], type=Event)) for row in told],
        notifications=[msgspec.convert(dict(row), Notification) for row in notifications],
        failures=[f"{row['place']}: {row['cause']}" for row in failures],
    )


async def unsettled(database: Database, account: UUID) -> dict[str, int]:
    """Return how much of an account is still on its way inside Postgres."""
    async with database.transaction() as connection:
        row = await connection.fetchrow(
            f"""
            SELECT (SELECT count(*) FROM outbox WHERE account_id = $1 AND sent_at IS NULL) AS outbox,
                (SELECT count(*) FROM unconfirmed_events) AS unconfirmed,
                (SELECT count(*) FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
                    WHERE w.account_id = $1 AND d.state = 'pending') AS webhooks,
                (SELECT count(*) FROM notifications n JOIN orders o ON o.id = n.order_id
                    WHERE n.account_id = $1 AND n.channel = 'email' AND n.kind = 'confirmation'
                    AND n.state IN {_BUSY} AND o.customer_email IS NOT NULL) AS confirmations
            """,
            account,
        )
    return dict(row or {})


async def stored_ids(database: Database, account: UUID) -> set[UUID]:
    """Return the ids in an account's history."""
    async with database.transaction() as connection:
        rows = await connection.fetch("SELECT id FROM submissions WHERE account_id = $1", account)
    return {row["id"] for row in rows}


def _submission(account: UUID, row: Any) -> Submission:
    content = Content(msgspec.json.decode(row["sets"]), tuple(row["clears"] or ()), row["occurred_at"])
    return Submission(
        id=row["id"],
        version=row["version"],
        account=account,
        live=True,
        order_id=row["order_id"],
        platform="custom",
        order_number=row["order_number"],
        content=content,
        fingerprint=content.fingerprint(),
        received_at=row["received_at"],
        key=UUID(int=0),
        # Each key of the writer's names one submission: which one it is does not matter, only that it has a key.
        idempotency=row["id"].bytes if row["keyed"] else None,
    )
