"""Making the orders again from their history: the proof that an order is nothing but the fold of its submissions."""

from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from services.worker import history, orders
from services.worker.merge import Merged
from shared.database import Connection, Database
from shared.fold import fold
from shared.orders.identity import Identity

_FIRST: Final = UUID(int=0)
_COUNT: Final = "SELECT count(DISTINCT order_id) FROM submissions WHERE ($1::uuid IS NULL OR account_id = $1)"
_PAGE: Final = """
SELECT DISTINCT ON (order_id) order_id, account_id, livemode, platform, order_number FROM submissions
WHERE order_id > $1 AND ($2::uuid IS NULL OR account_id = $2) ORDER BY order_id LIMIT $3
"""


class Progress(Struct, frozen=True):
    """How one page of orders was: `differing` ids had another row than their history makes, or none."""

    orders: int
    differing: Sequence[UUID]


class Rebuilder:
    """Folds every history again and mends the rows that differ; workers may go on meanwhile."""

    def __init__(self, database: Database, *, page_orders: int = 500) -> None:
        self._database = database
        self._page_orders = page_orders

    async def count(self, account: UUID | None = None) -> int:
        """Return how many orders there are in the history."""
        async with self._database.transaction(readonly=True) as connection:
            return int(await connection.fetchval(_COUNT, account))

    async def run(self, account: UUID | None = None, *, mend: bool = True) -> AsyncIterator[Progress]:
        """Fold page after page, of one account or of all; with `mend`, rows that differ are written anew.

        Nothing is told: events of what changes here were published when it was first settled.
        """
        last = _FIRST
        while True:
            async with self._database.transaction() as connection:
                page = await connection.fetch(_PAGE, last, account, self._page_orders)
                identities = {
                    row["order_id"]: Identity(row["account_id"], row["livemode"], row["platform"], row["order_number"])
                    for row in page
                }
                differing = await _rebuild(connection, identities, mend=mend)
            if not identities:
                return
            last = max(identities)
            yield Progress(len(identities), differing)


async def _rebuild(connection: Connection, identities: dict[UUID, Identity], *, mend: bool) -> list[UUID]:
    locked = await orders.lock_orders(connection, sorted(identities))
    past = await history.read_history(connection, list(identities))
    changed: dict[UUID, Merged] = {}
    missing: dict[UUID, Merged] = {}
    emptied: list[UUID] = []
    for order_id, identity in identities.items():
        entries = past[order_id]
        state = fold(entries).state
        newest = max((entry.version for entry in entries), default=0)
        rebuilt = Merged(identity, state, newest, [], [])
        stored = locked.get(order_id)
        if rebuilt.is_empty:
            emptied += [order_id] if stored is not None else []
        elif stored is None:
            missing[order_id] = rebuilt
        elif (stored.state, stored.newest) != (state, newest):
            changed[order_id] = rebuilt
    if mend:
        await orders.insert_orders(connection, missing)
        await orders.update_orders(connection, changed)
        await orders.delete_orders(connection, emptied)
    return [*changed, *missing, *emptied]
