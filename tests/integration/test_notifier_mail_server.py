"""A mail server that refuses, is away or drops its connections: nothing is lost, and nobody else is harmed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared.database import Database
from tests.notifier_dispatchers import Refusing, dispatcher_for, running
from tests.notifier_world import Mailbox, World, standing_world, until


@pytest.fixture
async def world(database_url: str, database: Database) -> AsyncIterator[World]:
    async with standing_world(database_url, database) as made:
        yield made


async def test_a_refused_recipient_fails_with_the_reason_and_harms_no_other(world: World, mailbox: Mailbox) -> None:
    bad = await world.plan(await world.order(customer_email="weg@bedrijf.nl"))
    good = await world.plan(await world.order())
    mailbox.rcpt_answers["weg@bedrijf.nl"] = "550 5.1.1 no such user"
    async with running(dispatcher_for(world, mailbox.port)):
        row = await world.reaches(bad, "failed")
        await world.reaches(good, "sent")
    assert row["reason"] == "550 5.1.1 no such user"
    assert [event["type"] for event in await world.events()].count("notification.failed") == 1


async def test_a_message_that_is_put_off_is_tried_again_with_the_same_id(world: World, mailbox: Mailbox) -> None:
    planned = await world.plan(await world.order())
    mailbox.answers = ["451 4.7.1 later"]

    async def put_off() -> bool:
        return str((await world.row(planned))["reason"]) == "451 4.7.1 later"

    async with running(dispatcher_for(world, mailbox.port)):
        await until(put_off)
        row = await world.row(planned)
        assert row["state"] == "planned"
        assert 3 < (row["due_at"] - datetime.now(UTC)).total_seconds() < 7
        await world.sql.execute("UPDATE notifications SET due_at = now()")
        row = await world.reaches(planned, "sent")
    assert row["attempts"] == 2
    assert row["reason"] is None
    assert mailbox.mails[0]["Message-ID"] == f"<{planned.id}@bugalou.example>"


async def test_a_server_that_is_away_fails_nothing_and_all_leaves_when_it_is_back(
    world: World, mailbox: Mailbox
) -> None:
    planned = [await world.plan(await world.order()) for _ in range(12)]
    port = mailbox.port
    await mailbox.stop()
    async with running(dispatcher_for(world, port)):

        async def tried() -> bool:
            return bool(await world.sql.fetchval("SELECT count(*) FROM notifications WHERE reason LIKE '%away%'"))

        await until(tried)
        states = await world.sql.fetch("SELECT DISTINCT state, attempts FROM notifications WHERE state <> 'sending'")
        assert {(row["state"], row["attempts"]) for row in states} == {("planned", 0)}
        await mailbox.start(port)
        for one in planned:
            row = await world.reaches(one, "sent")
            assert row["attempts"] == 1
    assert len(mailbox.mails) == 12


async def test_a_server_that_is_away_is_asked_ever_more_seldom(world: World) -> None:
    asked: list[float] = []

    def refuse() -> asyncio.Protocol:
        asked.append(asyncio.get_running_loop().time())
        return Refusing()

    server = await asyncio.get_running_loop().create_server(refuse, "127.0.0.1", 0)
    for _ in range(5):
        await world.plan(await world.order())

    async def asked_three_times() -> bool:
        return len(asked) >= 3

    async with running(dispatcher_for(world, server.sockets[0].getsockname()[1], concurrent=1, sweep=0.05)):
        await until(asked_three_times)
    server.close()
    assert asked[1] - asked[0] >= 0.8
    assert asked[2] - asked[1] >= 1.6
    assert await world.sql.fetchval("SELECT count(*) FROM attempts") == 0


async def test_idle_connections_that_the_server_dropped_are_not_noticed(world: World, mailbox: Mailbox) -> None:
    async with running(dispatcher_for(world, mailbox.port)):
        for _ in range(3):
            planned = await world.plan(await world.order())
            row = await world.reaches(planned, "sent")
            assert row["attempts"] == 1
            mailbox.drop_connections()


async def test_connections_are_used_again(world: World, mailbox: Mailbox) -> None:
    async with running(dispatcher_for(world, mailbox.port)):
        for _ in range(3):
            await world.reaches(await world.plan(await world.order()), "sent")
    assert len(mailbox.sessions) == 1


async def test_international_addresses_are_sent_or_refused_with_a_reason(world: World, mailbox: Mailbox) -> None:
    async with running(dispatcher_for(world, mailbox.port)):
        await world.reaches(await world.plan(await world.order(customer_email="jürgen@münchen.de")), "sent")
    assert mailbox.recipients == ["jürgen@münchen.de"]
    old = Mailbox()
    await old.start(utf8=False)
    planned = await world.plan(await world.order(customer_email="jürgen@münchen.de"))
    domain = await world.plan(await world.order(customer_email="klant@münchen.de"))
    async with running(dispatcher_for(world, old.port)):
        row = await world.reaches(planned, "failed")
        await world.reaches(domain, "sent")
    await old.stop()
    assert "international" in row["reason"]
