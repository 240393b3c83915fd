"""Cases of the merge that were found by the simulator or by reading, one at a time, on real Postgres."""

import asyncio
from uuid import uuid4

import msgspec

from services.worker.store import Store
from shared.database import Database
from tests.polling import eventually
from tests.simulation.stored import read
from tests.submissions import MINUTE, submission


async def test_submission_of_an_order_that_is_deleted_under_it_is_stored_all_the_same(database: Database) -> None:
    """The only submission of B loses its key to one of A: B is deleted while another worker waits to lock it."""
    holder = submission("B", minutes=2, idempotency=b"k" * 16)
    overthrowing = submission("A", minutes=1, idempotency=b"k" * 16)
    new = submission("B", minutes=3, paymentStatus="paid")
    await Store(database).settle([holder])
    async with database.transaction() as connection:
        # Holds the first worker between its lock of B and its deletion.
        await connection.fetch("SELECT FROM submissions WHERE id = $1 FOR UPDATE", holder.id)
        first = asyncio.ensure_future(Store(database).settle([overthrowing]))
        await eventually(lambda: _waiting_for_locks(database, 1), what="the first worker waits")
        second = asyncio.ensure_future(Store(database).settle([new]))
        await eventually(lambda: _waiting_for_locks(database, 2), what="the second worker waits")
    await asyncio.gather(first, second)
    contents = await read(database, new.account)
    assert {id: one.state for id, one in contents.history.items()} == {
        holder.id: "rejected",
        overthrowing.id: "applied",
        new.id: "applied",
    }
    assert contents.rows[new.order_id].fields["paymentStatus"] == "paid"


async def _waiting_for_locks(database: Database, count: int) -> bool:
    async with database.transaction() as connection:
        waiting = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    return bool(waiting == count)


async def test_of_two_copies_at_one_version_the_one_received_first_counts_in_both_orders_of_arrival(
    database: Database,
) -> None:
    for reverse in (False, True):
        first = submission(account=uuid4(), id=uuid4(), idempotency=uuid4().bytes)
        again = msgspec.structs.replace(first, received_at=first.received_at + MINUTE)
        for one in (again, first) if reverse else (first, again):
            await Store(database).settle([one])
        contents = await read(database, first.account)
        assert contents.history[first.id].received_at == first.received_at
        assert contents.rows[first.order_id].created_at == first.received_at


async def test_rejected_submission_shows_its_lowest_version_too(database: Database) -> None:
    key = b"k" * 16
    holder = submission(minutes=1, idempotency=key)
    rejected = submission(minutes=5, idempotency=key, customerName="De Groot")
    lower = msgspec.structs.replace(rejected, version=submission(minutes=3).version)
    for one in (holder, rejected, lower):
        await Store(database).settle([one])
    stored = (await read(database, holder.account)).history[rejected.id]
    assert (stored.state, stored.version) == ("rejected", lower.version)


async def test_duplicate_of_names_one_that_still_counts(database: Database) -> None:
    key = b"k" * 16
    original = submission(minutes=5, idempotency=key, customerName="De Groot")
    retry, later = submission(minutes=6, customerName="De Groot"), submission(minutes=7, customerName="De Groot")
    overthrowing = submission(minutes=1, idempotency=key)
    for one in (original, retry, overthrowing, later):
        await Store(database).settle([one])
    stored = (await read(database, original.account)).history
    assert stored[retry.id].duplicate_of == original.id
    assert stored[original.id].state == "rejected"
    assert stored[later.id].duplicate_of == retry.id
