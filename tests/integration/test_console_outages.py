"""The console while Postgres is away, slow or back again."""

import asyncio

import asyncpg
from msgspec.json import encode

from services.console.app import graph
from services.console.settings import fill
from services.console.tenancy import STATEMENT_SECONDS
from tests.consoles import running_console
from tests.gateways import JSON, client_of
from tests.polling import eventually
from tests.proxy import Proxy
from tests.running import running
from tests.settings import settings_of
from tests.tenant import Tenant

READS = (
    *("/orders", "/orders.csv", "/orders/custom/1", "/orders/custom/1/history", "/orders/custom/1/notifications"),
    *("/receipts/0191a0d4-0000-7000-8000-000000000000", "/overview", "/settings", "/keys"),
)


async def test_console_is_not_called_ready_before_it_has_reached_postgres() -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    settings = settings_of(fill, database_url=nowhere, amqp_url="amqp://nobody@127.0.0.1:1", amqp_prefix="none")
    async with running(graph(settings)), client_of(f"http://127.0.0.1:{settings.web.port}", "") as client:
        await eventually(client.is_listening, what="the console listens")
        readiness = await client.ask("GET", "/readyz")
        assert readiness.status == 503
        assert readiness.document["checks"]["console"] == "degraded: Postgres has not been reached yet"


async def test_without_postgres_everything_is_503_and_comes_back_by_itself(database_url: str, account: Tenant) -> None:
    async with (
        Proxy(database_url) as proxy,
        running_console(account.live.key, database_url=proxy.url) as console,
    ):
        await proxy.cut()
        for path in READS:
            answer = await console.get(f"/api/v1{path}")
            assert answer.status == 503, path
            assert answer.is_problem()
            assert int(answer.headers["Retry-After"]) > 0
        headers = {"X-API-Key": console.key, **JSON}
        for method, path, body in (
            ("PUT", "/settings", encode({})),
            ("POST", "/keys", encode({"name": "n", "scopes": ["admin"]})),
            ("DELETE", f"/keys/{account.test.id}", None),
            ("DELETE", "/customers/a@example.com", None),
        ):
            answer = await console.ask(method, f"/api/v1{path}", body, headers)
            assert answer.status == 503, path
        await proxy.restore()

        async def reads() -> bool:
            return all([(await console.get(f"/api/v1{path}")).status in (200, 404) for path in READS])

        await eventually(reads, what="everything is read again")


async def test_statement_that_takes_too_long_is_cut_short(database_url: str, account: Tenant) -> None:
    async with running_console(account.live.key, database_url=database_url) as console:
        owner = await asyncpg.connect(database_url)
        try:
            async with owner.transaction():
                await owner.execute("LOCK TABLE orders")
                async with asyncio.timeout(2 * STATEMENT_SECONDS):
                    answer = await console.get("/api/v1/orders")
                assert answer.status == 503
                assert answer.headers["Retry-After"]
        finally:
            await owner.close()
        assert (await console.get("/api/v1/orders")).status == 200
