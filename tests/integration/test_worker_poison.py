"""A submission that kills each worker that settles it: real processes die of it, and no neighbour is harmed."""

import asyncio
import os
import sys

import aio_pika
import msgspec
from uuid_utils.compat import uuid7

from services.worker.suspects import Suspects
from shared.contracts import Submission, SubmissionBatch
from shared.database import Database
from shared.topology import Names, declare
from tests.polling import eventually
from tests.queues import channel_to, ready_in
from tests.submissions import submission

MOST_DEATHS = 12
DEADLINE_SECONDS = 90


async def live_and_die(environment: dict[str, str], done: asyncio.Event) -> int | None:
    """Run one worker until it dies by itself, and return its exit code; or until all is done."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.worker",
        env={**os.environ, **environment}, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    end, over = asyncio.ensure_future(process.wait()), asyncio.ensure_future(done.wait())
    await asyncio.wait((end, over), return_when=asyncio.FIRST_COMPLETED)
    if process.returncode is None:
        process.terminate()
        await end
        return None
    over.cancel()
    return process.returncode


async def test_submission_that_kills_its_workers_is_set_aside_and_its_neighbours_are_stored(
    database: Database, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    names = Names(amqp_prefix)
    killer = submission("KILLER")
    before, after = [submission(f"BEFORE-{n}") for n in range(5)], [submission(f"AFTER-{n}") for n in range(5)]
    others = [submission(f"OTHER-{n}") for n in range(20)]
    done = asyncio.Event()
    environment = {
        "BUGALOU_DATABASE_URL": database_url,
        "BUGALOU_AMQP_URL": amqp_url,
        "BUGALOU_AMQP_PREFIX": amqp_prefix,
        "BUGALOU_FAILPOINTS": "worker.merging=exit?KILLER",
    }
    async with channel_to(amqp_url) as channel:
        await declare(channel, names)

        async def send(*submissions: Submission) -> None:
            body = msgspec.msgpack.encode(SubmissionBatch(list(submissions)))
            message = aio_pika.Message(body, message_id=str(uuid7()), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, names.submissions)

        await send(*before, killer, *after)
        for other in others:
            await send(other)

        async def all_stored() -> bool:
            async with database.transaction() as connection:
                rows = await connection.fetch("SELECT id FROM submissions")
            return {row["id"] for row in rows} == {one.id for one in (*before, *after, *others)}

        async def watch() -> None:
            await eventually(all_stored, within=DEADLINE_SECONDS, what="all but the killer are stored")
            done.set()

        watching = asyncio.ensure_future(watch())
        deaths = 0
        while not done.is_set() and not watching.done():
            deaths += await live_and_die(environment, done) == -9
            assert deaths <= MOST_DEATHS
        await watching
        assert await ready_in(channel, names.submissions) == 0, "all of it is acknowledged"
    # Three in company, one with its message alone, three by itself.
    assert deaths == 7
    async with database.transaction() as connection:
        rows = await connection.fetch("SELECT cause, submission_id, order_number FROM failures")
        assert await connection.fetchval("SELECT count(*) FROM suspects") == 0
    assert [tuple(row) for row in rows] == [("kills_its_worker", killer.id, "KILLER")]


async def test_tries_without_an_end_are_counted_until_one_has_an_end(database: Database) -> None:
    suspects, one, other = Suspects(database), uuid7(), uuid7()
    assert [await suspects.note(one) for _ in range(3)] == [0, 1, 2]
    assert await suspects.note(other) == 0
    await suspects.clear(one)
    assert [await suspects.note(one), await suspects.note(other)] == [0, 1]
