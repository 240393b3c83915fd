"""Who is measured: this system with everything switched on, its peers that only do the plain upsert, and the floor."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal
from uuid import UUID, uuid4

from msgspec import Struct

from services.cli.stack.ports import LOOPBACK, HeldPort, free_ports
from services.cli.stack.program import Program
from services.console.accounts import Accounts
from shared.database import Database
from shared.keys import SCOPES
from shared.topology import Names, dead_letters_of
from tests.bench.ground import Ground, wait_until_listening

Name = Literal["bugalou", "FastAPI + asyncpg", "FastAPI + SQLAlchemy", "FastStream", "bare aiohttp (keeps nothing)"]
PEERS: Final[tuple[Name, ...]] = ("FastAPI + asyncpg", "FastAPI + SQLAlchemy", "FastStream")
FLOOR: Final[Name] = "bare aiohttp (keeps nothing)"
HTTP_PROCESSES: Final = 2
"""Everybody's: this system's gateways, and the peers' server processes."""
_OWN: Final = {"relay-1": {"BUGALOU_NICENESS": "10"}, "notifier-1": {"BUGALOU_NICENESS": "10"}}
"""As `bugalou up` has it."""
_TABLES: Final = Path(__file__).with_name("peers") / "tables.sql"


class Running(Struct, frozen=True, kw_only=True):
    """A contender that takes requests; `database_url` is None where it keeps nothing."""

    name: Name
    port: int
    path: str
    batch_path: str
    headers: Mapping[str, str]
    database_url: str | None
    pids: Mapping[str, int]
    account: UUID | None = None
    amqp_prefix: str = ""


class Fleet(Struct, frozen=True, kw_only=True):
    """How many processes of this system run, and what is set besides the addresses."""

    gateways: int = HTTP_PROCESSES
    workers: int = 1
    relays: int = 1
    notifiers: int = 1
    variables: Mapping[str, str] = {}


@asynccontextmanager
async def run(name: Name, ground: Ground, fleet: Fleet | None = None) -> AsyncIterator[Running]:
    """Run a contender on the ground; its database and queues are gone afterwards."""
    if name == "bugalou":
        async with ours(ground, fleet or Fleet()) as running:
            yield running
    elif name == FLOOR:
        async with _floor(ground) as running:
            yield running
    else:
        async with _peer(name, ground) as running:
            yield running


@asynccontextmanager
async def ours(ground: Ground, fleet: Fleet, *, database_url: str | None = None) -> AsyncIterator[Running]:
    """Run this system as `bugalou up` does: authentication, validation, history, merge, events and metrics all on.

    The account's clients are reached over no channel: who is thanked when is measured by itself.
    """
    if database_url is None:
        async with (
            ground.database(migrated=True) as url,
            ours(ground, fleet, database_url=url) as running,
        ):
            yield running
        return
    prefix = f"bench-{uuid4().hex}"
    key, account = await _account(database_url)
    held = HeldPort(free_ports(1)[0])
    try:
        with ground.running(programs(ground, fleet, database_url, prefix, http_port=held.number)) as pids:
            if fleet.gateways:
                await wait_until_listening(held.number, "/readyz")
            yield Running(
                name="bugalou",
                port=held.number,
                path="/api/v1/orders",
                batch_path="/api/v1/orders/batch",
                headers={"X-API-Key": key},
                database_url=database_url,
                pids=pids,
                account=account,
                amqp_prefix=prefix,
            )
    finally:
        held.release()
        await delete_queues(ground, prefix)


async def delete_queues(ground: Ground, prefix: str) -> None:
    """Delete the queues that this system has declared under a prefix."""
    names = Names(prefix)
    queues = [names.submissions, names.notifications]
    await ground.delete_queues([*queues, *map(dead_letters_of, queues)])


def programs(ground: Ground, fleet: Fleet, database_url: str, prefix: str, *, http_port: int = 0) -> list[Program]:
    """Return the processes of a fleet."""
    variables = {
        "BUGALOU_DATABASE_URL": database_url,
        "BUGALOU_AMQP_URL": ground.amqp_url,
        "BUGALOU_AMQP_PREFIX": prefix,
        "BUGALOU_HTTP_PORT": str(http_port),
        "BUGALOU_REUSE_PORT": "1",
        **fleet.variables,
    }
    modules: dict[str, tuple[str, ...]] = {
        f"gateway-{number}": ("services", "gateway", "console") for number in range(1, fleet.gateways + 1)
    }
    for service, count in (("worker", fleet.workers), ("relay", fleet.relays), ("notifier", fleet.notifiers)):
        modules |= {f"{service}-{number}": (f"services.{service}",) for number in range(1, count + 1)}
    ports = free_ports(len(modules))
    return [
        ground.program(name, ("-m", *words), {**_OWN.get(name, {}), **variables, "BUGALOU_METRICS_PORT": str(port)})
        for (name, words), port in zip(modules.items(), ports, strict=True)
    ]


async def _account(database_url: str) -> tuple[str, UUID]:
    database = Database(database_url, purpose="bench", most=1)
    await database.open()
    try:
        account, live, _ = await Accounts(database).create("Bench", SCOPES)
        async with database.transaction() as connection:
            await connection.execute("""UPDATE settings SET document = '{"channels": {"email": false}}'""")
    finally:
        await database.close()
    return live.key, account


@asynccontextmanager
async def _peer(name: Name, ground: Ground) -> AsyncIterator[Running]:
    async with ground.database(migrated=False) as url:
        await ground.execute(_TABLES.read_text(), url)
        (port,) = free_ports(1)
        queue = f"bench-{uuid4().hex}"
        variables = {"BENCH_DATABASE_URL": url, "BENCH_AMQP_URL": ground.amqp_url, "BENCH_QUEUE": queue}
        module = {
            "FastAPI + asyncpg": "fastapi_asyncpg",
            "FastAPI + SQLAlchemy": "fastapi_sqlalchemy",
            "FastStream": "faststream_gateway",
        }[name]
        processes = [ground.program("http", _uvicorn(module, port), variables)]
        if name == "FastStream":
            processes.append(ground.program("worker-1", ("-m", "tests.bench.peers.faststream_worker"), variables))
        try:
            with ground.running(processes) as pids:
                await wait_until_listening(port, "/ready")
                yield Running(
                    name=name,
                    port=port,
                    path="/orders",
                    batch_path="/orders/batch",
                    headers={},
                    database_url=url,
                    pids=pids,
                )
        finally:
            await ground.delete_queues([queue])


def _uvicorn(module: str, port: int) -> Sequence[str]:
    return (
        *("-m", "uvicorn", f"tests.bench.peers.{module}:app", "--host", LOOPBACK, "--port", str(port)),
        *("--workers", str(HTTP_PROCESSES), "--loop", "uvloop", "--http", "httptools"),
        *("--no-access-log", "--log-level", "warning", "--backlog", "2048"),
    )


@asynccontextmanager
async def _floor(ground: Ground) -> AsyncIterator[Running]:
    held = HeldPort(free_ports(1)[0])
    processes = [
        ground.program(f"http-{number}", ("-m", "tests.bench.peers.bare_aiohttp", str(held.number)), {})
        for number in range(HTTP_PROCESSES)
    ]
    try:
        with ground.running(processes) as pids:
            await wait_until_listening(held.number, "/ready")
            yield Running(
                name=FLOOR,
                port=held.number,
                path="/orders",
                batch_path="/orders",
                headers={},
                database_url=None,
                pids=pids,
            )
    finally:
        held.release()
