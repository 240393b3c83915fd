"""The gateway while a server is away: never a 2xx without a confirm, never a hang, and back by itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import pytest

from shared.database import Database
from shared.topology import Names
from tests.gateways import SEED, Answer, Client, client_of, running_gateway, starting_gateway
from tests.polling import eventually
from tests.proxy import Proxy
from tests.queues import channel_to, take_submissions
from tests.tenant import Tenant

PROMISED_SECONDS = 5.0


@pytest.fixture
async def postgres(database_url: str) -> AsyncIterator[Proxy]:
    async with Proxy(database_url) as proxy:
        yield proxy


@pytest.fixture
async def rabbitmq(amqp_url: str) -> AsyncIterator[Proxy]:
    async with Proxy(amqp_url) as proxy:
        yield proxy


@pytest.fixture
async def gateway(account: Tenant, postgres: Proxy, rabbitmq: Proxy, amqp_prefix: str) -> AsyncIterator[Client]:
    async with running_gateway(
        account.live.key, database_url=postgres.url, amqp_url=rabbitmq.url, amqp_prefix=amqp_prefix
    ) as client:
        yield client


def check_unavailable(answer: Answer) -> None:
    assert answer.status == 503, answer.body
    assert answer.is_problem()
    assert int(answer.headers["Retry-After"]) >= 1


async def accepted_again(gateway: Client) -> None:
    async def accepted() -> bool:
        return (await gateway.post(SEED)).status == 202

    await eventually(accepted, within=30, what="orders are accepted again")


async def test_message_that_reaches_no_queue_is_not_accepted(gateway: Client, amqp_url: str, amqp_prefix: str) -> None:
    assert (await gateway.post(SEED)).status == 202
    async with channel_to(amqp_url) as channel:
        await channel.queue_delete(Names(amqp_prefix).submissions)
    check_unavailable(await gateway.post(SEED))


async def test_with_rabbitmq_gone_the_answer_is_503_in_time_and_202_again_afterwards(
    gateway: Client, rabbitmq: Proxy, amqp_url: str, amqp_prefix: str
) -> None:
    first = await gateway.post(SEED)
    await rabbitmq.cut()
    for _ in range(3):
        async with asyncio.timeout(PROMISED_SECONDS):
            check_unavailable(await gateway.post(SEED))
    assert (await gateway.ask("GET", "/readyz")).status == 503
    assert (await gateway.ask("GET", "/healthz")).status == 200
    await rabbitmq.restore()
    await accepted_again(gateway)
    await eventually(gateway.is_ready, what="the gateway is ready again")
    async with channel_to(amqp_url) as channel:
        stored = await take_submissions(channel, Names(amqp_prefix).submissions)
    assert str(stored[0].id) == first.document["receipt"]["id"], "what was confirmed is there"


async def test_with_rabbitmq_silent_the_answer_is_503_in_time_and_202_again_afterwards(
    gateway: Client, rabbitmq: Proxy
) -> None:
    assert (await gateway.post(SEED)).status == 202
    rabbitmq.stall()
    async with asyncio.timeout(PROMISED_SECONDS + 1):
        answers = await asyncio.gather(*(gateway.post(SEED) for _ in range(20)))
    for answer in answers:
        check_unavailable(answer)
    await rabbitmq.restore()
    await accepted_again(gateway)


async def test_every_202_of_a_shaky_connection_is_in_the_queue(
    gateway: Client, rabbitmq: Proxy, amqp_url: str, amqp_prefix: str
) -> None:
    answers: list[Answer] = []

    async def accepted(number: str) -> bool:
        answers.append(await gateway.post({**SEED, "orderNumber": number}))
        return answers[-1].status == 202

    async def post_many(client: int) -> None:
        for number in range(40):
            await eventually(partial(accepted, f"{client}/{number}"), within=60, what="an order is accepted in the end")

    def enough(count: int) -> bool:
        return len(answers) >= count

    async def shake() -> None:
        for count in (40, 160):
            await eventually(partial(enough, count))
            await rabbitmq.cut()
            await rabbitmq.restore()

    await asyncio.gather(shake(), *(post_many(client) for client in range(8)))
    assert {answer.status for answer in answers} <= {202, 503}
    confirmed = {answer.document["receipt"]["id"] for answer in answers if answer.status == 202}
    assert len(confirmed) == 8 * 40
    async with channel_to(amqp_url) as channel:
        stored = {str(one.id) for one in await take_submissions(channel, Names(amqp_prefix).submissions)}
    assert confirmed <= stored


async def test_with_postgres_gone_or_silent_orders_are_still_accepted(gateway: Client, postgres: Proxy) -> None:
    await postgres.cut()
    assert (await gateway.post(SEED)).status == 202

    async def degraded() -> bool:
        answer = await gateway.ask("GET", "/readyz")
        return answer.status == 200 and answer.document["status"] == "degraded"

    await eventually(degraded, what="/readyz tells of it and stays 200")
    assert (await gateway.post(SEED)).status == 202
    await postgres.restore()
    postgres.stall()
    began = time.monotonic()
    assert (await gateway.post(SEED)).status == 202
    assert time.monotonic() - began < PROMISED_SECONDS
    await postgres.restore()

    async def well() -> bool:
        return bool((await gateway.ask("GET", "/readyz")).document["status"] == "ready")

    await eventually(well, within=30, what="/readyz is well again")


async def test_gateway_that_starts_without_postgres_refuses_until_it_is_there(
    account: Tenant, postgres: Proxy, amqp_url: str, amqp_prefix: str
) -> None:
    await postgres.cut()
    async with starting_gateway(
        account.live.key, database_url=postgres.url, amqp_url=amqp_url, amqp_prefix=amqp_prefix
    ) as client:
        await eventually(client.is_listening, what="the gateway listens")
        assert not await client.is_ready()
        check_unavailable(await client.post(SEED))
        await postgres.restore()
        await eventually(client.is_ready, what="the gateway is ready")
        assert (await client.post(SEED)).status == 202


async def test_gateway_takes_nothing_until_it_trusts_its_measure_of_postgres_clock(
    account: Tenant, database: Database, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    slow = "CREATE VIEW access_revision AS SELECT looked_at.* FROM looked_at, pg_sleep(1.1)"
    async with database.transaction() as connection:
        await connection.execute(f"ALTER TABLE access_revision RENAME TO looked_at; {slow}")
    async with starting_gateway(
        account.live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix
    ) as client:

        async def checks() -> dict[str, str]:
            return dict((await client.ask("GET", "/readyz")).document["checks"])

        async def all_but_the_clock() -> bool:
            return [name for name, result in (await checks()).items() if result != "ok"] == ["clock"]

        await eventually(client.is_listening, what="the gateway listens")
        await eventually(all_but_the_clock, what="the keys are known, and the broker is there")
        assert not await client.is_ready()
        check_unavailable(await client.post(SEED))
        async with database.transaction() as connection:
            await connection.execute(slow.replace("CREATE", "CREATE OR REPLACE").replace(", pg_sleep(1.1)", ""))
        await eventually(client.is_ready, what="the clock has been measured well enough")
        assert (await client.post(SEED)).status == 202


async def test_gateway_that_stops_answers_what_is_under_way(
    account: Tenant, database_url: str, rabbitmq: Proxy, amqp_prefix: str
) -> None:
    async with AsyncExitStack() as afterwards:
        async with running_gateway(
            account.live.key, database_url=database_url, amqp_url=rabbitmq.url, amqp_prefix=amqp_prefix
        ) as client:
            url = str(client.url)
            sender = await afterwards.enter_async_context(client_of(url, account.live.key))
            rabbitmq.stall()
            under_way = [asyncio.ensure_future(sender.post(SEED)) for _ in range(10)]
            await eventually(lambda: rabbitmq.held > 0, what="a message is on its way")
            newcomer = await afterwards.enter_async_context(client_of(url, account.live.key))

            async def go_on_once_nobody_new_is_let_in() -> None:
                await eventually(lambda: _refuses(newcomer))
                await rabbitmq.restore()

            going_on = asyncio.ensure_future(go_on_once_nobody_new_is_let_in())
        await going_on
        assert {answer.status for answer in await asyncio.gather(*under_way)} == {202}


async def _refuses(client: Client) -> bool:
    return not await client.is_listening()
