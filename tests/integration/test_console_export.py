"""GET /api/v1/orders.csv: the same orders as the list, whole or visibly broken, harmless in a spreadsheet."""

import asyncio
import csv
import io

import aiohttp
import pytest

from services.worker.store import Store
from shared.database import Database
from tests.consoles import read_all, running_console
from tests.gateways import Client
from tests.polling import eventually
from tests.proxy import Proxy
from tests.submissions import submission
from tests.tenant import Tenant


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


async def rows_of(console: Client, query: str = "") -> list[dict[str, str]]:
    answer = await console.get(f"/api/v1/orders.csv{query}")
    assert answer.status == 200
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


async def test_file_holds_what_the_list_shows(console: Client, store: Store, account: Tenant) -> None:
    await store.settle(
        [
            submission(
                f"{number:03}",
                account=account.id,
                total=str(number),
                currency="EUR",
                paymentStatus="paid" if number % 2 else "pending",
                customerName='De "Groot", Zn.',
                items=[{"name": "a,b", "quantity": "1", "price": "2"}],
            )
            for number in range(120)
        ]
    )
    answer = await console.get("/api/v1/orders.csv?sort=orderNumber&paymentStatus=paid")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Server"] == "bugalou"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert answer.body.count(b"\r\n") == 61
    assert b"\n" not in answer.body.replace(b"\r\n", b"")
    listed = await read_all(console, "/orders", sort="orderNumber", paymentStatus="paid")
    rows = await rows_of(console, "?sort=orderNumber&paymentStatus=paid")
    assert [row["orderNumber"] for row in rows] == [row["orderNumber"] for row in listed]
    for row, order in zip(rows, listed, strict=True):
        for name in ("id", "platform", "total", "amountDue", "customerName", "createdAt", "updatedAt", "version"):
            assert row[name] == order[name]
    assert rows[0]["items"] == '[{"name":"a,b","quantity":"1","price":"2.00"}]'
    assert rows[0]["customerEmail"] == ""


async def test_cells_that_a_spreadsheet_would_run_are_defused(console: Client, store: Store, account: Tenant) -> None:
    hostile = ['=HYPERLINK("http://x")', "+1+1", "-1-1", "@SUM(A1)", "ok =1"]
    for number, text in enumerate(hostile):
        await store.settle([submission(str(number), account=account.id, customerName=text, total="-12.5")])
    rows = await rows_of(console, "?sort=orderNumber")
    assert [row["customerName"] for row in rows] == [f"'{text}" for text in hostile[:4]] + hostile[4:]
    assert {row["total"] for row in rows} == {"-12.50"}


async def test_empty_list_is_a_header_alone(console: Client) -> None:
    answer = await console.get("/api/v1/orders.csv?platform=nowhere")
    assert answer.body.startswith(b"platform,orderNumber,orderStatus,")
    assert answer.body.count(b"\r\n") == 1


async def test_wrong_parameters_are_refused_cursors_and_limits_too(console: Client) -> None:
    for query in ("limit=5", "cursor=x", "paymentStatus=payed", "nonsense=1"):
        answer = await console.get(f"/api/v1/orders.csv?{query}")
        assert answer.status == 422
        assert answer.is_problem()


BIG = [{"name": "x" * 300, "quantity": "1", "price": "1"}] * 500


@pytest.fixture
async def many(store: Store, account: Tenant) -> int:
    """Orders of 160 KiB each: more than sockets, proxies and pages buffer."""
    for first in range(0, 120, 20):
        await store.settle(
            [submission(f"{number:04}", account=account.id, items=BIG) for number in range(first, first + 20)]
        )
    return 120


async def test_file_that_postgres_does_not_let_finish_never_looks_whole(
    database_url: str, account: Tenant, many: int
) -> None:
    async with (
        Proxy(database_url) as proxy,
        running_console(account.live.key, database_url=proxy.url) as console,
        aiohttp.ClientSession() as session,
    ):
        url = f"{console.url}/api/v1/orders.csv"
        async with session.get(url, headers={"X-API-Key": console.key}) as response:
            assert response.status == 200
            await response.content.read(100_000)
            await proxy.cut()
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.content.read()


async def test_connection_is_reset_where_http_1_0_has_no_other_way_to_say_that_the_file_is_not_whole(
    database_url: str, account: Tenant, many: int
) -> None:
    async with (
        Proxy(database_url) as proxy,
        running_console(account.live.key, database_url=proxy.url) as console,
    ):
        reader, writer = await asyncio.open_connection(console.url.host, console.url.port)
        writer.write(f"GET /api/v1/orders.csv HTTP/1.0\r\nX-API-Key: {console.key}\r\n\r\n".encode())
        assert b"200" in await reader.readline()
        await proxy.cut()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_export_without_postgres_is_a_503(database_url: str, account: Tenant) -> None:
    async with (
        Proxy(database_url) as proxy,
        running_console(account.live.key, database_url=proxy.url) as console,
    ):
        await proxy.cut()
        answer = await console.get("/api/v1/orders.csv")
        assert answer.status == 503
        assert answer.is_problem()
        assert answer.headers["Retry-After"]


async def test_file_shows_one_moment_whatever_changes_meanwhile(
    console: Client, store: Store, account: Tenant, many: int
) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{console.url}/api/v1/orders.csv?sort=updatedAt"
        async with session.get(url, headers={"X-API-Key": console.key}) as response:
            start = await response.content.read(1000)
            await store.settle([submission("0119", account=account.id, minutes=1, clears=("items",), total="7")])
            await store.settle([submission("new", account=account.id)])
            body = start + await response.content.read()
    csv.field_size_limit(10**6)
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    assert len(rows) == many
    assert rows[-1]["total"] == ""


async def test_clients_that_leave_give_their_connection_back(database_url: str, account: Tenant, many: int) -> None:
    async with running_console(account.live.key, database_url=database_url, CONSOLE_EXPORTS=1) as console:
        for _ in range(3):
            async with aiohttp.ClientSession() as session:
                response = await session.get(f"{console.url}/api/v1/orders.csv", headers={"X-API-Key": console.key})
                await response.content.read(1000)
                response.close()
            await asyncio.sleep(0)

        async def exported() -> bool:
            return (await console.get("/api/v1/orders.csv?platform=nowhere")).status == 200

        await eventually(exported, what="a free connection")
        # Others read meanwhile: exports have a pool of their own.
        assert (await console.get("/api/v1/orders?limit=1")).status == 200


async def test_file_that_a_shutdown_cuts_short_never_looks_whole(database_url: str, account: Tenant, many: int) -> None:
    async with running_console(account.live.key, database_url=database_url, DRAIN_SECONDS=0.2) as console:
        reader, writer = await asyncio.open_connection(console.url.host, console.url.port)
        writer.write(f"GET /api/v1/orders.csv HTTP/1.0\r\nX-API-Key: {console.key}\r\n\r\n".encode())
        assert b"200" in await reader.readline()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
