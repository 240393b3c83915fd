"""Accounts take turns: one that floods a channel delays no other's message."""

from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from services.notifier.claims import Claims
from services.notifier.preparation import Preparation
from services.notifier.turns import Turns
from shared.database import Database
from shared.messages.rendering import Renderer
from tests.notifier_world import ACCOUNT, World

FIRST = UUID(int=1)
FLOOD = UUID(int=2)
OTHER = UUID(int=3)
LAST = UUID(int=2**128 - 1)

_ADD = """
INSERT INTO notifications (id, account_id, livemode, order_id, kind, event_type, run_id, channel, state, due_at)
SELECT gen_random_uuid(), $1, true, gen_random_uuid(), $2, 'payment.paid', gen_random_uuid(), 'email', 'planned',
    now() + make_interval(secs => $4) FROM generate_series(1, $3)
"""


@pytest.fixture
async def world(database_url: str, database: Database) -> AsyncIterator[World]:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Studio Jansen')", ACCOUNT)
    yield World(database_url, connection, database)
    await connection.close()


async def add(world: World, account: UUID, kind: str, count: int, *, due_in: float = -60) -> None:
    await world.sql.execute(_ADD, account, kind, count, due_in)


async def pick(world: World, turns: Turns, kind: str, most: int) -> list[UUID]:
    """Take what is picked away, as if it were sent; return whose it was."""
    async with world.database.transaction() as connection:
        ids = await turns.pick(connection, "email", kind, most, ())
    rows = await world.sql.fetch(
        "UPDATE notifications SET state = 'sent' WHERE id = ANY ($1) RETURNING id, account_id", ids
    )
    accounts = {row["id"]: row["account_id"] for row in rows}
    return [accounts[id] for id in ids]


@pytest.mark.parametrize("kind", ["confirmation", "reminder"])
@pytest.mark.parametrize("most", [1, 3, 10])
async def test_whoever_comes_after_a_flood_is_served_with_the_next_look(world: World, kind: str, most: int) -> None:
    await add(world, FLOOD, kind, 500, due_in=-3600)
    turns = Turns()
    assert set(await pick(world, turns, kind, most)) == {FLOOD}
    await add(world, OTHER, kind, 1)
    await add(world, FIRST, kind, 1)
    served = [account for _ in range(2) for account in await pick(world, turns, kind, most)]
    assert {FIRST, OTHER} <= set(served)


async def test_turns_are_equal_as_long_as_all_have_something(world: World) -> None:
    for account, count in ((FLOOD, 500), (OTHER, 60), (LAST, 60)):
        await add(world, account, "confirmation", count)
    turns = Turns()
    served = Counter([account for _ in range(25) for account in await pick(world, turns, "confirmation", 4)])
    assert max(served.values()) - min(served.values()) <= 1


async def test_many_who_have_nothing_due_hold_nobody_up_for_long(world: World) -> None:
    for number in range(450):
        await add(world, UUID(int=10 + number), "confirmation", 1, due_in=3600)
    await add(world, LAST, "confirmation", 1)
    await add(world, OTHER, "confirmation", 1)
    turns = Turns()
    served = [account for _ in range(4) for account in await pick(world, turns, "confirmation", 1)]
    assert sorted(served) == [OTHER, LAST]


async def test_of_resting_accounts_nothing_is_picked(world: World) -> None:
    await add(world, FLOOD, "confirmation", 5)
    async with world.database.transaction() as connection:
        assert await Turns().pick(connection, "email", "confirmation", 10, [FLOOD]) == []


async def test_a_claim_takes_the_thank_you_of_another_account_amid_a_flood(world: World) -> None:
    flood = UUID(int=ACCOUNT.int + 1)
    await add(world, flood, "confirmation", 100, due_in=-3600)
    planned = await world.plan(await world.order())
    claims = Claims(
        world.database, Preparation(Renderer()), lease_seconds=30, settle_seconds=0, is_behind=lambda: False
    )
    claimed = [await claims.claim("email", 2) for _ in range(2)]
    assert planned.id in [one.notification_id for look in claimed for one in look.claimed]


async def test_what_no_turn_brings_is_claimed_all_the_same(world: World) -> None:
    """Another notifier's lock stands on all whose turn it is: the next in line are taken, not waited for."""
    planned = [await world.plan(await world.order()) for _ in range(4)]
    claims = Claims(
        world.database, Preparation(Renderer()), lease_seconds=30, settle_seconds=0, is_behind=lambda: False
    )
    async with world.database.transaction() as connection:
        ids = await Turns().pick(connection, "email", "confirmation", 2, ())
        await connection.fetch("SELECT FROM notifications WHERE id = ANY ($1) FOR UPDATE", ids)
        look = await claims.claim("email", 2)
    assert {one.notification_id for one in look.claimed} == {one.id for one in planned} - set(ids)
