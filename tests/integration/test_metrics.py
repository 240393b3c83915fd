"""What the services tell Prometheus, seen while they run on real servers: lags, failures, answers, sizes."""

import asyncio
import sys
from typing import Final
from uuid import UUID

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from uuid_utils.compat import uuid7

from services.cli.stack.ports import free_ports
from services.relay import app as relay
from services.relay import settings as relay_settings
from services.worker import app as worker
from services.worker import settings as worker_settings
from shared.contracts import Event
from shared.database import Database
from shared.metrics import REGISTRY
from shared.outbox import add_to_outbox
from tests.gateways import SEED
from tests.live import running_live
from tests.polling import eventually
from tests.proxy import Proxy
from tests.running import running
from tests.settings import settings_of
from tests.tenant import Tenant

ACCOUNT: Final = UUID(int=0xACC)


def sample(name: str, **labels: str) -> float:
    """Return a series of this process, 0 where there is none yet."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_events_that_do_not_leave_are_seen_in_seconds(
    database: Database, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    event = Event(uuid7(), "order.created", "2026-11-22T09:30:00.000000Z", ACCOUNT, True, {"order": {}})
    async with database.transaction() as connection:
        await add_to_outbox(connection, [(event, None)])
        await connection.execute("UPDATE outbox SET created_at = created_at - interval '100 seconds'")
    async with Proxy(amqp_url) as broker:
        await broker.cut()
        settings = settings_of(
            relay_settings.fill,
            database_url=database_url,
            amqp_url=broker.url,
            amqp_prefix=amqp_prefix,
            METRICS_SECONDS=0.05,
        )
        published = sample("bugalou_relay_events_total", type="order.created")
        async with running(relay.graph(settings)):
            await eventually(lambda: sample("bugalou_outbox_lag_seconds") >= 100, what="the lag is seen")
            assert sample("bugalou_broker_connected", connection="relay publishes") == 0
            await broker.restore()
            await eventually(lambda: sample("bugalou_outbox_lag_seconds") == 0, what="the lag is gone")
            assert sample("bugalou_broker_connected", connection="relay publishes") == 1
        assert sample("bugalou_relay_events_total", type="order.created") == published + 1


async def test_failures_are_open_by_cause_until_they_are_replayed(
    database: Database, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO failures (id, place, cause, reason, body) SELECT gen_random_uuid(), 'worker', '22003', '', '' "
            "FROM generate_series(1, 3)"
        )
    settings = settings_of(worker_settings.fill, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix)
    labels = {"place": "worker", "cause": "22003"}
    async with running(worker.graph(settings)):
        await eventually(lambda: sample("bugalou_failures_open", **labels) == 3, what="three are open")
        async with database.transaction() as connection:
            await connection.execute("UPDATE failures SET replayed_at = now()")
        await eventually(lambda: sample("bugalou_failures_open", **labels) == 0, what="none is open")


async def test_each_step_of_an_order_is_counted(
    account: Tenant, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    steps = {
        "bugalou_gateway_submissions_accepted_total": {},
        "bugalou_gateway_commit_submissions_count": {},
        "bugalou_broker_confirm_seconds_count": {"connection": "gateway publishes"},
        "bugalou_worker_batch_submissions_count": {},
        "bugalou_worker_settle_seconds_count": {},
        "bugalou_worker_submissions_total": {"state": "applied"},
        "bugalou_database_acquire_seconds_count": {"pool": "worker"},
        "bugalou_http_requests_total": {"method": "POST", "route": "/api/v1/orders", "status": "201"},
        "bugalou_http_request_seconds_count": {"method": "POST", "route": "/api/v1/orders"},
    }
    before = {name: sample(name, **labels) for name, labels in steps.items()}
    unknown = {"method": "GET", "route": "other", "status": "404"}
    lost = sample("bugalou_http_requests_total", **unknown)
    async with running_live(
        account.live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix
    ) as client:
        assert (await client.post(SEED, Prefer="wait=20")).status == 201
        assert (await client.get("/api/v1/orders/custom/INV-2026-042")).status == 200
        assert (await client.get("/a/path/that/only/this/client/knows")).status == 404
        unmoved = [name for name, labels in steps.items() if sample(name, **labels) == before[name]]
        assert unmoved == []
        assert sample("bugalou_http_requests_total", **unknown) == lost + 1
        assert sample("bugalou_keyring_age_seconds") < 5
        assert sample("bugalou_keyring_keys") == 2
        assert abs(sample("bugalou_clock_offset_seconds")) < 1
        assert sample("bugalou_database_connections", pool="console", state="most") == 8


async def test_process_serves_its_metrics_on_a_port_of_its_own(
    database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.relay",
        env={
            "BUGALOU_DATABASE_URL": database_url,
            "BUGALOU_AMQP_URL": amqp_url,
            "BUGALOU_AMQP_PREFIX": amqp_prefix,
            "BUGALOU_METRICS_PORT": str(port),
            "BUGALOU_LOG_LEVEL": "error",
        },
    )
    try:
        async with aiohttp.ClientSession() as session:

            async def scraped() -> str:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                        return await answer.text()
                except aiohttp.ClientError:
                    return ""

            text = await eventually(scraped, what="the metrics are served")
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["bugalou_process_info"].samples[0].labels["service"] == "relay"
    assert "process_resident_memory_bytes" in families
    assert "bugalou_outbox_lag_seconds" in families
