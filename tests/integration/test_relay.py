"""The relay: every event of the outbox leaves at least once, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from aio_pika import ExchangeType
from msgspec import Struct
from uuid_utils.compat import uuid7

from services.relay.app import graph
from services.relay.settings import fill
from services.relay.store import Outbox
from shared.contracts import Event
from shared.database import Database
from shared.outbox import add_to_outbox
from shared.topology import Names, declare
from tests.polling import eventually
from tests.proxy import Proxy
from tests.queues import Listener, channel_to, listening, ready_in
from tests.running import running
from tests.settings import settings_of

ACCOUNT = UUID(int=0xACC)


class World(Struct, frozen=True):
    """The outbox of one test, and somebody who hears all of its events."""

    database: Database
    addresses: dict[str, str]
    heard: Listener

    async def add(self, number: int, event_type: str = "payment.paid") -> set[UUID]:
        """Commit some events in one transaction; return their ids."""
        events = [
            Event(uuid7(), event_type, "2026-11-22T09:30:00.000000Z", ACCOUNT, True, {"order": {"number": index}})
            for index in range(number)
        ]
        async with self.database.transaction() as connection:
            await add_to_outbox(connection, [(event, None) for event in events])
        return {event.id for event in events}

    async def unsent(self) -> int:
        """Return how many have not left yet, or not as far as all queues."""
        return await self.count("outbox WHERE sent_at IS NULL") + await self.count("unconfirmed_events")

    async def count(self, what: str) -> int:
        async with self.database.transaction() as connection:
            return int(await connection.fetchval(f"SELECT count(*) FROM {what}"))

    async def everything_is_heard(self, ids: set[UUID], within: float = 20) -> None:
        await eventually(
            lambda: ids <= {event.id for event in self.heard.events}, within=within, what="all events are heard"
        )

        async def marked() -> bool:
            return await self.unsent() == 0

        await eventually(marked, what="all events are marked as sent")

    @asynccontextmanager
    async def relay(self, **changes: object) -> AsyncIterator[None]:
        settings = settings_of(fill, **{**self.addresses, **changes})  # type: ignore[arg-type]  # variables of any type
        async with running(graph(settings)):
            yield


@pytest.fixture
async def world(database: Database, database_url: str, amqp_url: str, amqp_prefix: str) -> AsyncIterator[World]:
    names = Names(amqp_prefix)
    async with channel_to(amqp_url) as channel:
        await channel.declare_exchange(names.events, ExchangeType.TOPIC, durable=True)
    addresses = {"database_url": database_url, "amqp_url": amqp_url, "amqp_prefix": amqp_prefix}
    async with listening(amqp_url, names.events) as heard:
        yield World(database, addresses, heard)


async def test_event_leaves_with_its_id_body_and_routing_key(world: World) -> None:
    [event_id] = await world.add(1)
    async with world.relay():
        await world.everything_is_heard({event_id})
    [event] = world.heard.events
    assert event == Event(
        event_id, "payment.paid", "2026-11-22T09:30:00.000000Z", ACCOUNT, True, {"order": {"number": 0}}
    )
    assert world.heard.routing_keys == [f"payment.paid.{ACCOUNT}"]


async def test_commit_wakes_the_relay_long_before_its_sweep(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # With hours between sweeps, only NOTIFY can be what wakes it.
    monkeypatch.setattr("services.relay.carrier.SWEEP_SECONDS", 3600)
    monkeypatch.setattr("shared.database.PING_SECONDS", 3600)
    async with world.relay():
        await world.everything_is_heard(await world.add(1))
        for _ in range(3):
            await world.everything_is_heard(await world.add(2))


async def test_several_relays_send_everything_and_mark_it(world: World) -> None:
    first = await world.add(700)
    async with world.relay(RELAY_BATCH_EVENTS=20), world.relay(RELAY_BATCH_EVENTS=20), world.relay():
        second = await world.add(300)
        await world.everything_is_heard(first | second)
    counts = len(world.heard.events)
    assert counts == 1000, "row locks share the work: with nothing failing, nothing is sent twice"


async def test_with_the_broker_away_rows_stay_unsent_and_leave_afterwards(world: World, amqp_url: str) -> None:
    async with Proxy(amqp_url) as rabbitmq, world.relay(amqp_url=rabbitmq.url, PUBLISH_SECONDS=0.5):
        await world.everything_is_heard(await world.add(1))
        await rabbitmq.cut()
        ids = await world.add(50)
        assert await world.unsent() == 50
        await rabbitmq.restore()
        await world.everything_is_heard(ids)


async def test_with_the_broker_silent_nothing_is_marked_that_was_not_confirmed(world: World, amqp_url: str) -> None:
    async with Proxy(amqp_url) as rabbitmq, world.relay(amqp_url=rabbitmq.url, PUBLISH_SECONDS=0.5):
        await world.everything_is_heard(await world.add(1))
        rabbitmq.stall()
        ids = await world.add(50)
        await eventually(lambda: rabbitmq.held > 0, what="the relay has tried")
        assert await world.unsent() == 50
        await rabbitmq.restore()
        await world.everything_is_heard(ids)


async def test_with_postgres_away_the_relay_waits_and_goes_on(world: World, database_url: str) -> None:
    async with Proxy(database_url) as postgres, world.relay(database_url=postgres.url):
        await world.everything_is_heard(await world.add(1))
        await postgres.cut()
        ids = await world.add(10)
        await postgres.restore()
        await world.everything_is_heard(ids)


async def test_relay_that_dies_before_it_marks_sends_again(world: World) -> None:
    ids = await world.add(5)

    async def dies() -> None:
        async with Outbox(world.database).claim(10) as batch:
            batch.sent.extend(event.id for event in batch.events)
            raise ConnectionResetError

    with pytest.raises(Exception, match="ConnectionResetError"):
        await dies()
    assert await world.unsent() == 5
    async with world.relay():
        await world.everything_is_heard(ids)


async def test_event_that_nobody_subscribes_to_is_sent_and_marked(world: World, amqp_url: str) -> None:
    async with channel_to(amqp_url) as channel:
        await channel.exchange_delete(Names(world.addresses["amqp_prefix"]).events)
    async with world.relay():
        await world.add(3)

        async def marked() -> bool:
            return await world.unsent() == 0

        await eventually(marked)


async def test_maintenance_makes_the_days_ahead_and_drops_those_that_are_over(world: World) -> None:
    async with world.database.transaction() as connection:
        await connection.execute(
            "CREATE TABLE outbox_20200101 PARTITION OF outbox FOR VALUES FROM ('2020-01-01Z') TO ('2020-01-02Z')"
        )
        await connection.execute(
            "CREATE TABLE outbox_20200102 PARTITION OF outbox FOR VALUES FROM ('2020-01-02Z') TO ('2020-01-03Z')"
        )
        await connection.execute(
            "CREATE TABLE outbox_20200103 PARTITION OF outbox FOR VALUES FROM ('2020-01-03Z') TO ('2020-01-04Z')"
        )
        add = (
            "INSERT INTO outbox (id, account_id, livemode, type, body, created_at, sent_at)"
            " VALUES (gen_random_uuid(), $1, true, 't', '', $2, $3)"
        )
        await connection.execute(add, ACCOUNT, datetime(2020, 1, 1, 5, tzinfo=UTC), datetime(2020, 1, 1, 6, tzinfo=UTC))
        await connection.execute(add, ACCOUNT, datetime(2020, 1, 2, 5, tzinfo=UTC), None)
        await connection.execute(add, ACCOUNT, datetime(2020, 1, 3, 5, tzinfo=UTC), datetime(2020, 1, 3, 6, tzinfo=UTC))
        await connection.execute(
            "INSERT INTO unconfirmed_events (event_id, event_created_at, due_at)"
            " SELECT id, created_at, now() FROM outbox WHERE created_at = $1",
            datetime(2020, 1, 3, 5, tzinfo=UTC),
        )
    await asyncio.gather(*(Outbox(world.database).maintain(30) for _ in range(3)))
    async with world.database.transaction() as connection:
        rows = await connection.fetch(
            "SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'outbox'::regclass"
        )
        days = {row["relname"] for row in rows}
    assert "outbox_20200101" not in days, "all of it was sent"
    assert "outbox_20200102" in days, "something in it was not"
    assert "outbox_20200103" in days, "some queue has not confirmed something in it"
    assert len(days) == 1 + 2 + 3


async def test_expired_keys_are_swept_however_many_there_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.relay.carrier.MORE_SECONDS", 0.01)
    async with world.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO idempotency_keys (account_id, livemode, digest, submission_id, order_id, version, expires_at)"
            " SELECT $1, true, int4send(n), gen_random_uuid(), gen_random_uuid(), n,"
            " now() + CASE WHEN n <= 10001 THEN interval '-1 second' ELSE interval '1 day' END"
            " FROM generate_series(1, 10003) AS n",
            ACCOUNT,
        )

    async def swept() -> bool:
        async with world.database.transaction() as connection:
            return bool(await connection.fetchval("SELECT count(*) = 2 FROM idempotency_keys"))

    async with world.relay():
        await eventually(swept, what="only the keys that still count are left")


async def test_event_for_the_notifier_is_not_sent_while_no_queue_takes_it(world: World, amqp_url: str) -> None:
    names = Names(world.addresses["amqp_prefix"])
    async with channel_to(amqp_url) as channel:
        await channel.exchange_delete(names.events)
        async with world.relay():
            await world.add(1)

            async def marked() -> bool:
                return await world.unsent() == 0

            await eventually(marked)
            await channel.queue_delete(names.notifications)
            await world.add(1)
            with pytest.raises(AssertionError):
                await eventually(marked, within=2.5)
            await declare(channel, names)
            await eventually(marked, what="the event leaves once there is a queue")


async def test_a_queue_that_takes_nothing_holds_up_none_but_itself(world: World, amqp_url: str) -> None:
    """Somebody's queue is full and refuses: the events that it wants go to all others, and so does all that follows."""
    names = Names(world.addresses["amqp_prefix"])
    async with channel_to(amqp_url) as channel, world.relay(RELAY_BATCH_EVENTS=5):
        await world.everything_is_heard(await world.add(1))
        somebodys = await channel.declare_queue(
            f"{names.prefix}.somebodys", arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
        )
        await somebodys.bind(names.events, "payment.paid.*")
        paid = await world.add(30)
        updated = await world.add(30, "order.updated")

        async def left() -> bool:
            return await world.count("outbox WHERE sent_at IS NULL") == 0

        await eventually(left, what="all of them have left")
        await eventually(lambda: paid | updated <= {event.id for event in world.heard.events}, what="others hear")
        # The queue holds one message; what it refused is kept for it, and tried again.
        assert 0 < await world.count("unconfirmed_events") <= 30
        await somebodys.delete(if_empty=False)
        somebodys = await channel.declare_queue(f"{names.prefix}.somebodys", exclusive=True)
        await somebodys.bind(names.events, "payment.paid.*")

        async def confirmed() -> bool:
            return await world.unsent() == 0

        await eventually(confirmed, within=40, what="every queue has confirmed all of it")
        assert await ready_in(channel, somebodys.name) >= 29
