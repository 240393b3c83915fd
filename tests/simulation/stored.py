"""What the real store holds of an account, held against the model's ledger."""

from typing import Final
from uuid import UUID

import msgspec

from services.worker.orders import lock_orders
from shared.contracts import Event
from shared.database import Database
from tests.simulation.checks import (
    CREATED,
    Row,
    Stored,
    check_history,
    check_rows,
    compare,
    facts_of,
    row_of,
)
from tests.simulation.model import Ledger

_HISTORY: Final = """
SELECT id, version, (extract(epoch FROM received_at) * 1000000)::bigint AS received_at,
    (extract(epoch FROM settled_at) * 1000000)::bigint AS settled_at, state, duplicate_of
FROM submissions WHERE account_id = $1
"""


class Contents:
    """All that Postgres holds of one account."""

    def __init__(self, history: dict[UUID, Stored], rows: dict[UUID, Row], events: list[tuple[UUID, Event]]) -> None:
        self.history = history
        self.rows = rows
        self.events = events

    def check(self, ledger: Ledger) -> None:
        """Raise `Discrepancy` unless all of it is as the model has it."""
        check_history(self.history, ledger)
        check_rows(self.rows, ledger, self.history)
        compare("told of runs", facts_of(event for _, event in self.events), sorted(ledger.facts))
        # Of two orders of commits that leave the same, one may have made an order that the other never had.
        compare("orders created", {id for id, event in self.events if event.type == CREATED}, ledger.ever)


async def read(database: Database, account: UUID) -> Contents:
    async with database.transaction() as connection:
        stored = await connection.fetch(_HISTORY, account)
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM orders WHERE account_id = $1", account)]
        rows = await lock_orders(connection, ids)
        told = await connection.fetch("SELECT order_id, body FROM outbox WHERE account_id = $1", account)
    history = {
        row["id"]: Stored(row["version"], row["received_at"], row["settled_at"], row["state"], row["duplicate_of"])
        for row in stored
    }
    events = [(row["order_id"], msgspec.json.decode(row["body"], type=Event)) for row in told]
    return Contents(history, {id: row_of(order.state, order.newest) for id, order in rows.items()}, events)
