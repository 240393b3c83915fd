"""A message is one notifier's at a time, whichever of them dies, stops or comes too late."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.console.customers import Customers
from services.notifier.attempts import Attempts
from services.notifier.outcome import Refused, Sent, result_of
from shared.database import Database
from shared.keys import ApiKey
from tests.notifier_dispatchers import claims_for, dispatcher_for, running
from tests.notifier_world import ACCOUNT, Mailbox, World, standing_world, until


@pytest.fixture
async def world(database_url: str, database: Database) -> AsyncIterator[World]:
    async with standing_world(database_url, database) as made:
        yield made


async def test_a_claim_that_ran_out_is_taken_over_and_the_late_result_changes_nothing(world: World) -> None:
    planned = await world.plan(await world.order())
    claims = claims_for(world, lease=30)
    (first,) = (await claims.claim("email", 5)).claimed
    assert (await claims.claim("email", 5)).claimed == []
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE notifications SET claimed_until = now() WHERE id = $1", planned.id)
    (second,) = (await claims.claim("email", 5)).claimed
    assert first.message.notification_id == second.message.notification_id == planned.id
    attempts = Attempts(world.database)
    assert not await attempts.finish(first, result_of(Sent("late"), 1, 0.5))
    assert (await world.row(planned))["state"] == "sending"
    assert await attempts.finish(second, result_of(Sent("ok"), 2, 0.5))
    assert (await world.row(planned))["state"] == "sent"
    assert len(await world.events()) == 1
    outcomes = await world.sql.fetch("SELECT outcome FROM attempts ORDER BY started_at")
    assert [row["outcome"] for row in outcomes] == ["retry", "sent"]
    assert (await world.row(planned))["attempts"] == 1


async def test_an_answer_that_comes_after_an_erasure_brings_no_address_back(world: World) -> None:
    planned = await world.plan(await world.order())
    (claimed,) = (await claims_for(world, lease=30).claim("email", 1)).claimed
    address = claimed.message.recipient
    key = ApiKey(uuid4(), ACCOUNT, True, "k", frozenset({"admin"}), None, None, None)
    assert await Customers(world.database).erase(key, address) == 1
    refusal = Refused(f"550 no such user <{address}>")
    assert await Attempts(world.database).finish(claimed, result_of(refusal, 1, 0.5))
    row = await world.row(planned)
    assert (row["state"], row["reason"], row["recipient"]) == ("failed", None, None)
    (attempt,) = await world.sql.fetch("SELECT outcome, response FROM attempts")
    assert tuple(attempt) == ("failed", None)


async def test_no_number_of_killed_notifiers_fails_a_message(world: World) -> None:
    planned = await world.plan(await world.order())
    claims = claims_for(world, lease=0)
    for _ in range(30):
        (claimed,) = (await claims.claim("email", 1)).claimed
        assert claimed.attempts == 1
    assert await Attempts(world.database).finish(claimed, result_of(Sent("ok"), 1, 0.5))
    assert (await world.row(planned))["state"] == "sent"


async def test_stopping_claims_no_more_and_finishes_what_is_under_way(world: World, mailbox: Mailbox) -> None:
    planned = [await world.plan(await world.order()) for _ in range(4)]
    mailbox.gate = asyncio.Event()
    dispatcher = dispatcher_for(world, mailbox.port, concurrent=2)

    async def both_under_way() -> bool:
        return len(mailbox.mails) == 2

    async with running(dispatcher):
        await until(both_under_way)
        dispatcher.stop()
        mailbox.gate.set()
    states = sorted([(await world.row(one))["state"] for one in planned])
    assert states == ["planned", "planned", "sent", "sent"]
