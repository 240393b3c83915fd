"""What workers and gateways tell all gateways, over a real RabbitMQ."""

import msgspec

from services.worker.app import graph as worker_graph
from services.worker.settings import fill as fill_worker
from shared.contracts import WorkerPulse
from shared.database import Database
from shared.topology import Names
from tests.gateways import SEED, running_gateway
from tests.polling import eventually
from tests.queues import channel_to
from tests.running import running
from tests.settings import settings_of
from tests.tenant import Tenant

BURST = 100


async def test_what_one_gateway_lets_through_counts_at_the_others(
    account: Tenant, database: Database, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    async with database.transaction() as connection:
        limit = msgspec.json.encode({"rateLimit": {"requestsPerSecond": 0.01, "burst": BURST}}).decode()
        await connection.execute("UPDATE settings SET document = $2::jsonb WHERE account_id = $1", account.id, limit)
    given = {"database_url": database_url, "amqp_url": amqp_url, "amqp_prefix": amqp_prefix}
    async with running_gateway(account.live.key, **given) as here, running_gateway(account.live.key, **given) as there:
        for _ in range(5):
            assert (await here.post(SEED)).status == 202
        asked = 0

        async def counted() -> bool:
            nonlocal asked
            asked += 1
            return f"r={BURST - 5 - asked};" in (await there.post(SEED)).headers["RateLimit"]

        await eventually(counted, what="the requests of the one count at the other")


async def test_workers_tell_what_they_have_settled(
    account: Tenant, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    given = {"database_url": database_url, "amqp_url": amqp_url, "amqp_prefix": amqp_prefix}
    async with (
        running_gateway(account.live.key, **given) as gateway,
        channel_to(amqp_url) as channel,
        running(worker_graph(settings_of(fill_worker, **given))),
    ):
        told = await channel.declare_queue(exclusive=True)
        await told.bind(Names(amqp_prefix).gateways)
        assert (await gateway.post(SEED, Prefer="wait=20")).status == 201

        async def pulse() -> WorkerPulse | None:
            message = await told.get(no_ack=True, fail=False)
            return None if message is None else msgspec.msgpack.decode(message.body, type=WorkerPulse)

        found = await eventually(pulse, what="the worker tells of what it settled")
        assert found is not None
        assert (found.submissions, found.messages) == (1, 1)
        assert found.oldest > 0
