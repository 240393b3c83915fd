"""The relay's reminders: from what the worker settles to the event that a step is due, each step once."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from services.relay.carrier import Carrier
from services.relay.ladders import Ladders
from services.relay.publication import Publication
from services.relay.reminders import Reminders
from services.relay.store import Outbox
from services.worker.store import Store
from shared.contracts import Event, Submission
from shared.database import Database, Listener
from shared.dunning import CHANNEL
from shared.lifecycle import Component
from shared.orders.moments import to_microseconds
from shared.publisher import Message
from shared.versions import version_at
from tests.polling import eventually
from tests.submissions import ACCOUNT, submission


class Exchange:
    """Takes every event; the broker's part is tested elsewhere."""

    async def publish_all(self, messages: Sequence[Message], **_: Any) -> list[BaseException | None]:
        assert all(message.body for message in messages)
        return [None for _ in messages]


class World:
    """A worker's store and a relay's parts on one database, driven by hand."""

    def __init__(self, database: Database, url: str) -> None:
        self.url = url
        self.database = database
        self.store = Store(database)
        self.ladders = Ladders(database)
        self.outbox = Outbox(database)

    async def send(self, *submissions: Submission) -> None:
        """Settle submissions, and carry what they tell."""
        await self.store.settle(submissions)
        await self.carry()

    async def carry(self) -> None:
        async with self.outbox.claim(500) as batch:
            batch.sent.extend(event.id for event in batch.events)

    async def watched(self) -> dict[UUID, datetime]:
        async with self.database.transaction() as connection:
            return {row["order_id"]: row["check_at"] for row in await connection.fetch("SELECT * FROM reminders")}

    async def told(self) -> list[Event]:
        async with self.database.transaction() as connection:
            rows = await connection.fetch("SELECT body FROM outbox WHERE type = 'reminder.due' ORDER BY created_at")
        return [msgspec.json.decode(row["body"], type=Event) for row in rows]

    async def steps(self) -> list[int]:
        return [event.data["reminder"]["step"] for event in await self.told()]

    async def set(self, **settings: Any) -> None:
        document = msgspec.json.encode(settings).decode()
        async with self.database.transaction() as connection:
            await connection.execute(
                "INSERT INTO settings (account_id, document) VALUES ($1, $2::text::jsonb) "
                "ON CONFLICT (account_id) DO UPDATE SET document = excluded.document",
                ACCOUNT,
                document,
            )


@pytest.fixture
async def world(database: Database, database_url: str) -> World:
    made = World(database, database_url)
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Studio Jansen')", ACCOUNT)
    return made


def days(number: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=number)).isoformat()


def of_now(number: str = "F-1", **sets: Any) -> Submission:
    """Return a submission that was accepted a moment ago."""
    moment = to_microseconds(datetime.now(UTC))
    made = submission(number, total="100", currency="EUR", **sets)
    return replace(made, version=version_at(moment), received_at=moment)


async def test_overdue_is_told_at_once_with_the_whole_order_and_only_once(world: World) -> None:
    sent = of_now(paymentStatus="overdue", customerEmail="klant@bedrijf.nl")
    await world.send(sent)
    looked = await world.ladders.look(100)
    assert (looked.orders, looked.told) == (1, 1)
    (event,) = await world.told()
    assert (event.type, event.account, event.livemode) == ("reminder.due", ACCOUNT, True)
    assert event.data["order"]["id"] == str(sent.order_id)
    assert event.data["order"]["customerEmail"] == "klant@bedrijf.nl"
    assert event.data["order"]["total"] == "100.00"
    assert event.data["reminder"]["step"] == 1
    assert (await world.ladders.look(100)).orders == 0
    # The next step is a week away.
    assert (await world.watched())[sent.order_id] > datetime.now(UTC) + timedelta(days=6)


async def test_a_step_that_is_told_again_has_the_same_id(world: World) -> None:
    await world.send(of_now(paymentStatus="overdue"))
    await world.ladders.look(100)
    await world.send(of_now(paymentStatus="overdue", customerName="De Groot"))
    await world.ladders.look(100)
    first, second = await world.told()
    assert first.id == second.id
    assert first.data["reminder"] == second.data["reminder"]


async def test_orders_that_nobody_waits_for_are_not_looked_at(world: World) -> None:
    await world.send(
        of_now("A", paymentStatus="pending"),
        of_now("B", paymentStatus="paid", dueDate=days(-3)),
        of_now("C", dueDate=days(-3)),
        of_now("D", paymentStatus="overdue", status="cancelled"),
        of_now("E", paymentStatus="refunded"),
    )
    assert await world.watched() == {}


async def test_of_missed_steps_the_newest_is_told_and_the_next_is_waited_for(world: World) -> None:
    sent = of_now(paymentStatus="pending", dueDate=days(-9))
    await world.send(sent)
    await world.ladders.look(100)
    assert await world.steps() == [2]
    assert sent.order_id in await world.watched()


async def test_after_the_last_step_an_order_is_looked_at_no_more(world: World) -> None:
    await world.send(of_now(paymentStatus="pending", dueDate=days(-100)))
    await world.ladders.look(100)
    assert await world.steps() == [3]
    assert await world.watched() == {}


async def test_a_replay_starts_nothing(world: World) -> None:
    await world.send(replace(of_now(paymentStatus="overdue", dueDate=days(-3)), silent=True))
    assert await world.watched() == {}


async def test_paid_before_its_day_is_forgotten_without_a_word(world: World) -> None:
    await world.send(of_now(paymentStatus="overdue"))
    await world.send(of_now(paymentStatus="paid"))
    await world.ladders.look(100)
    assert await world.told() == []
    assert await world.watched() == {}


async def test_other_settings_have_an_accounts_orders_looked_at_again(world: World) -> None:
    await world.set(ladder=[])
    sent = of_now(paymentStatus="pending", dueDate=days(-9))
    await world.send(sent)
    await world.ladders.look(100)
    assert (await world.told(), await world.watched()) == ([], {})
    await world.set(ladder=[], senderName="other")
    assert await world.watched() == {}
    await world.set(ladder=[0, 5])
    await world.ladders.look(100)
    assert await world.steps() == [2]


async def test_settings_that_cannot_be_read_stop_nobody(world: World) -> None:
    await world.set(ladder="x", timezone=7, quietHours=[])
    await world.send(of_now(paymentStatus="overdue"))
    await world.ladders.look(100)
    assert await world.steps() == [1]


async def test_any_number_of_relays_tell_each_step_once(world: World) -> None:
    await world.send(*(of_now(f"F-{number}", paymentStatus="overdue") for number in range(200)))
    looks = await asyncio.gather(*(world.ladders.look(30) for _ in range(4)))
    while (looked := await world.ladders.look(30)).orders:
        looks.append(looked)
    assert sum(look.told for look in looks) == 200
    assert len({event.id for event in await world.told()}) == 200


async def test_an_order_that_was_erased_is_left_out(world: World) -> None:
    sent = of_now("A", paymentStatus="overdue")
    await world.send(sent, of_now("B", paymentStatus="overdue"))
    async with world.database.transaction() as connection:
        await connection.execute("DELETE FROM orders WHERE id = $1", sent.order_id)
    await world.ladders.look(100)
    assert await world.steps() == [1]
    assert sent.order_id not in await world.watched()


async def test_no_due_date_stops_the_others(world: World) -> None:
    await world.set(ladder=[-365, 0, 365])
    await world.send(
        *(of_now(due, paymentStatus="pending", dueDate=due) for due in ("0001-01-01", "9999-12-31", days(-30)))
    )
    await world.ladders.look(100)
    assert sorted(await world.steps()) == [2, 3]


async def test_the_component_is_woken_by_what_is_carried_and_stops(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.relay.reminders.SWEEP_SECONDS", 3600)
    reminders = Reminders(world.ladders, batch_orders=50)
    carrier = Carrier(world.outbox, Publication(Exchange(), "events"), batch_events=50)
    listeners = (
        Listener(world.url, (CHANNEL,), reminders.wake),
        Listener(world.url, ("outbox",), carrier.wake),
    )
    components: tuple[Component, ...] = (*listeners, carrier, reminders)
    async with asyncio.TaskGroup() as group:
        for component in components:
            group.create_task(component.run())
        await world.store.settle([of_now(paymentStatus="overdue")])

        async def told() -> bool:
            return await world.steps() == [1]

        await eventually(told, what="the first step is told")
        for component in components:
            component.stop()
