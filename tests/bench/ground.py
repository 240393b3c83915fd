"""What all contenders stand on: one durable PostgreSQL and one RabbitMQ, made for the run and gone after it.

What the programs print stays beside them, in `log`.

Each contender gets a database of its own on the one and a prefix of its own on the other, so all of them do the same
work on the same servers, and what one leaves behind slows no other.
"""

import asyncio
import contextlib
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import aio_pika
import asyncpg

from services.cli.stack.layout import CHECKOUT
from services.cli.stack.ports import LOOPBACK, free_ports
from services.cli.stack.postgres import PrivatePostgres
from services.cli.stack.program import Child, Program
from services.cli.stack.rabbitmq import PrivateRabbitMQ
from shared.migrations import migrate
from shared.settings import environment

_START_SECONDS: Final = 120.0
_TEMPLATE: Final = "bench_migrated"
_POLL_SECONDS: Final = 0.05


class Ground:
    """The two servers of a run, and what is started on them."""

    def __init__(self, root: Path, postgres_url: str, amqp_url: str, servers: Mapping[str, int]) -> None:
        self.root = root
        self.amqp_url = amqp_url
        self.servers = servers
        self._postgres_url = postgres_url

    async def execute(self, sql: str, url: str | None = None) -> None:
        """Run one statement on a connection of its own."""
        connection = await asyncpg.connect(url or self._postgres_url, timeout=30)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    @asynccontextmanager
    async def database(self, *, migrated: bool) -> AsyncIterator[str]:
        """Give a database of its own, with this system's schema or empty, and drop it afterwards."""
        name = f"bench_{uuid4().hex}"
        await self.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {_TEMPLATE}" if migrated else ""))
        try:
            yield urlsplit(self._postgres_url)._replace(path=f"/{name}").geturl()
        finally:
            await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def delete_queues(self, names: Sequence[str]) -> None:
        """Delete queues, empty or not."""
        connection = await aio_pika.connect(self.amqp_url, timeout=30)
        async with connection, connection.channel() as channel:
            for name in names:
                await channel.queue_delete(name)

    async def prepare(self) -> None:
        """Make the migrated database that the others are copied from."""
        await self.execute(f"CREATE DATABASE {_TEMPLATE}")
        await migrate(urlsplit(self._postgres_url)._replace(path=f"/{_TEMPLATE}").geturl())

    async def settle(self) -> None:
        """Bring the servers to rest between two measurements: what the last one left to be written is written."""
        await self.execute("CHECKPOINT")

    def program(self, name: str, words: Sequence[str], variables: Mapping[str, str]) -> Program:
        """Return a Python program of this run; nothing of the caller's own settings reaches it."""
        kept = {key: value for key, value in environment().items() if not key.startswith("BUGALOU_")}
        return Program(
            name=name,
            argv=(sys.executable, *words),
            directory=CHECKOUT,
            environment={**kept, **variables},
        )

    @contextlib.contextmanager
    def running(self, programs: Sequence[Program]) -> Iterator[dict[str, int]]:
        """Run programs; give their pids by name, and stop them in reverse order."""
        children: list[Child] = []
        try:
            for program in programs:
                children.append(Child(program, self.root.with_name("log") / f"{program.name}.log"))
            yield {child.program.name: child.pid for child in children}
        finally:
            for child in children:
                child.ask_to_stop()
            for child in reversed(children):
                if not child.wait(15):
                    child.kill()
                    child.wait(10)


@asynccontextmanager
async def standing(root: Path) -> AsyncIterator[Ground]:
    """Run the two servers under `root`, which is emptied before and after."""
    log = _empty_folders(root)
    postgres_port, rabbitmq_port, epmd, distribution = free_ports(4)
    postgres = PrivatePostgres(root / "postgres", postgres_port, password=secrets.token_hex(16))
    rabbitmq = PrivateRabbitMQ(
        root / "rabbitmq", rabbitmq_port, password=secrets.token_hex(16), internal_ports=(epmd, distribution)
    )
    children: dict[str, Child] = {}
    try:
        postgres.prepare()
        rabbitmq.prepare()
        for program in (*postgres.programs(), *rabbitmq.programs()):
            child = children[program.name] = Child(program, log / f"{program.name}.log")
            child.wait_ready(_START_SECONDS)
        pids = {name: child.pid for name, child in children.items() if name != "epmd"}
        ground = Ground(root, postgres.url, rabbitmq.url, pids)
        await ground.prepare()
        yield ground
    finally:
        for child in reversed(list(children.values())):
            child.stop()
        shutil.rmtree(root, ignore_errors=True)


def _empty_folders(root: Path) -> Path:
    """Make the servers' folder and the logs' beside it, both empty; return the latter."""
    log = root.with_name("log")
    for folder in (root, log):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    return log


async def fetch_number(url: str, sql: str) -> int:
    """Return the one number that a query gives."""
    connection = await asyncpg.connect(url, timeout=30)
    try:
        return int(await connection.fetchval(sql))
    finally:
        await connection.close()


async def wait_for_value(url: str, sql: str, wanted: int, seconds: float) -> float:
    """Wait until a query gives at least `wanted`; return the time (of day) at which it was seen to.

    Raises TimeoutError where the value does not move for so many seconds.
    """
    loop = asyncio.get_running_loop()
    connection = await asyncpg.connect(url, timeout=30)
    try:
        seen, moved_at = -1, loop.time()
        while True:
            asked_at = loop.time()
            value = int(await connection.fetchval(sql))
            if value >= wanted:
                return await _now(connection)
            if value != seen:
                seen, moved_at = value, loop.time()
            elif loop.time() - moved_at > seconds:
                raise TimeoutError(f"{value} of {wanted} after {seconds:.0f} s without one more: {sql}")
            # What looking costs is charged to the server that is measured: a tenth of a core at the most.
            await asyncio.sleep(max(_POLL_SECONDS, 10 * (loop.time() - asked_at)))
    finally:
        await connection.close()


async def _now(connection: "asyncpg.Connection[asyncpg.Record]") -> float:
    return float(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8"))


async def wait_until_listening(port: int, path: str, seconds: float = 60.0) -> None:
    """Wait until a port answers a GET of `path` with 200."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode())
            line = await reader.readline()
            writer.close()
            if b" 200 " in line:
                return
        if loop.time() > deadline:
            raise TimeoutError(f"nothing answers {path} on port {port}")
        await asyncio.sleep(_POLL_SECONDS)
