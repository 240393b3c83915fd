"""The table `reminders`: orders whose time to be looked at has come, asked of the ladder, and their steps told."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from msgspec import Struct

from shared.contracts import Event
from shared.database import Connection, Database, Row
from shared.dunning import Dunning, read_dunning
from shared.ladder import Step
from shared.orders.identity import Identity
from shared.orders.moments import to_microseconds, write_timestamp
from shared.orders.stored import COLUMNS, stored_view
from shared.outbox import add_to_outbox
from shared.telemetry import log

_EVENTS: Final = UUID("2b9f4d17-63c8-5e0a-b7a4-91d3c6e58f20")

_CLAIM: Final = """
SELECT order_id FROM reminders WHERE check_at <= now() ORDER BY check_at LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_SHOWN: Final = f"SELECT account_id, livemode, {COLUMNS} FROM orders WHERE id = ANY($1::uuid[])"
_LATER: Final = """
UPDATE reminders AS r SET check_at = n.check_at FROM unnest($1::uuid[], $2::timestamptz[]) AS n(order_id, check_at)
WHERE r.order_id = n.order_id
"""
_DONE: Final = "DELETE FROM reminders WHERE order_id = ANY($1::uuid[])"
_NEXT: Final = "SELECT extract(epoch FROM min(check_at) - clock_timestamp())::float8 FROM reminders"


class Looked(Struct, frozen=True):
    """What one look did: orders looked at, steps told, the seconds until the next order's time (None: never)."""

    orders: int
    told: int
    next_seconds: float | None


class Ladders:
    """Looks at orders whose time has come; row locks share the work between relays."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self, most: int) -> Looked:
        """Look at up to `most` orders: a step that is due becomes an event, and the order's next time is set."""
        async with self._database.transaction() as connection:
            ids = [row["order_id"] for row in await connection.fetch(_CLAIM, most)]
            told = await _climb(connection, ids) if ids else 0
            next_seconds = 0.0 if len(ids) == most else await connection.fetchval(_NEXT)
        return Looked(len(ids), told, next_seconds)


async def _climb(connection: Connection, ids: list[UUID]) -> int:
    # A statement of its own: it sees what was committed before the rows were locked.
    known = await read_dunning(connection, ids)
    due: dict[UUID, Step] = {}
    later: dict[UUID, datetime] = {}
    for id, dunning in known.items():
        for step in _steps(id, dunning):
            if step.due_at <= dunning.now:
                due[id] = step
            else:
                later[id] = step.due_at
                break
    if due:
        rows = await connection.fetch(_SHOWN, list(due))
        await add_to_outbox(connection, [_event(row, due[row["id"]], known[row["id"]].now) for row in rows])
    if later:
        await connection.execute(_LATER, list(later), list(later.values()))
    done = [id for id in ids if id not in later]
    if done:
        await connection.execute(_DONE, done)
    return len(due)


def _steps(id: UUID, dunning: Dunning) -> Iterable[Step]:
    try:
        return dunning.steps
    except Exception as error:  # one order that no calendar can hold must not stop the others
        log.error("reminder.incalculable", order=str(id), error=type(error).__name__)
        return ()


def _event(row: Row, step: Step, now: datetime) -> tuple[Event, UUID]:
    identity = Identity(row["account_id"], row["livemode"], row["platform"], row["order_number"])
    data: dict[str, Any] = {
        "order": stored_view(identity, dict(row)),
        "changed": [],
        "reminder": {"cycle": str(step.cycle), "step": step.number},
    }
    event = Event(
        id=uuid5(_EVENTS, f"{row['id']} {step.cycle} {step.number}"),
        type="reminder.due",
        timestamp=write_timestamp(to_microseconds(now)),
        account=identity.account,
        livemode=identity.live,
        data=data,
    )
    return event, row["id"]
