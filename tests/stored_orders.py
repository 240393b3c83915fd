"""Orders as the worker has stored and told them, beside what the fold of their history gives."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from services.worker.merge import entry_of
from services.worker.orders import lock_orders
from shared.contracts import Event, Submission
from shared.database import Database
from shared.fold import Folded, State, fold


def expected(history: Sequence[Submission]) -> dict[UUID, Folded]:
    """What the rules make of all orders of a history."""
    counted = counted_of(history)
    orders = {one.order_id for one in counted}
    return {order: fold(entry_of(one, 0) for one in counted if one.order_id == order) for order in orders}


def counted_of(history: Sequence[Submission]) -> list[Submission]:
    """Each submission once, at its lowest version; of those with one key the lowest."""
    lowest: dict[UUID, Submission] = {}
    for one in history:
        if one.id not in lowest or one.version < lowest[one.id].version:
            lowest[one.id] = one
    holders: dict[bytes, Submission] = {}
    for one in lowest.values():
        if one.idempotency is not None:
            other = holders.setdefault(one.idempotency, one)
            if (one.version, one.id.bytes) < (other.version, other.id.bytes):
                holders[one.idempotency] = one
    return [one for one in lowest.values() if one.idempotency is None or holders[one.idempotency] is one]


async def stored_states(database: Database, history: Sequence[Submission]) -> dict[UUID, State]:
    async with database.transaction() as connection:
        rows = await lock_orders(connection, sorted({one.order_id for one in history}))
    return {order_id: without_clock(stored.state) for order_id, stored in rows.items()}


def without_clock(state: State) -> State:
    """The moment of storing is the only thing of a row that is not in its history."""
    return msgspec.structs.replace(state, updated_at=0)


async def told(database: Database, history: Sequence[Submission]) -> dict[UUID, list[Event]]:
    async with database.transaction() as connection:
        rows = await connection.fetch(
            "SELECT order_id, body FROM outbox WHERE order_id = ANY($1::uuid[])", [one.order_id for one in history]
        )
    events: dict[UUID, list[Event]] = {one.order_id: [] for one in history}
    for row in rows:
        events[row["order_id"]].append(msgspec.json.decode(row["body"], type=Event))
    return events


async def check_rows(database: Database, history: Sequence[Submission]) -> dict[UUID, Folded]:
    """Check rows and history; return what the rules say."""
    wanted = expected(history)
    assert await stored_states(database, history) == {
        order_id: without_clock(folded.state) for order_id, folded in wanted.items()
    }
    async with database.transaction() as connection:
        stored = await connection.fetch(
            "SELECT id, version, state FROM submissions WHERE id = ANY($1::uuid[])", [one.id for one in history]
        )
    assert len(stored) == len({one.id for one in history}), "each submission is stored once"
    counted = {row["id"]: row["version"] for row in stored if row["state"] != "rejected"}
    assert counted == {one.id: one.version for one in counted_of(history)}, "those that count, at their lowest version"
    return wanted
