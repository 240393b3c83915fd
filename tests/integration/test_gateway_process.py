"""A gateway as a process of its own, under the event loop that it really runs on."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from services.cli.stack.layout import CHECKOUT
from services.cli.stack.ports import LOOPBACK, free_ports
from services.cli.stack.program import Child, Program
from tests.gateways import SEED, client_of
from tests.polling import eventually
from tests.tenant import Tenant

WAITING = 200


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def process(port: int, database_url: str, amqp_url: str, amqp_prefix: str, tmp_path: Path) -> Iterator[Child]:
    variables = {
        "PATH": os.environ["PATH"],
        "BUGALOU_DATABASE_URL": database_url,
        "BUGALOU_AMQP_URL": amqp_url,
        "BUGALOU_AMQP_PREFIX": amqp_prefix,
        "BUGALOU_HTTP_PORT": str(port),
    }
    argv = (sys.executable, "-m", "services.gateway")
    child = Child(Program("gateway", argv, CHECKOUT, variables), tmp_path / "gateway.log")
    try:
        yield child
    finally:
        child.kill()
        child.wait(10)


async def test_sigterm_leaves_nobody_in_the_backlog(account: Tenant, process: Child, port: int) -> None:
    async with client_of(f"http://{LOOPBACK}:{port}", account.live.key) as client:
        await eventually(client.is_ready, what="the gateway is ready")
    # Suspended, it accepts nobody: all of them wait in the kernel's queue when it is told to leave.
    os.kill(process.pid, signal.SIGSTOP)
    senders = [await _send(port, account.live.key, number) for number in range(WAITING)]
    os.kill(process.pid, signal.SIGTERM)
    os.kill(process.pid, signal.SIGCONT)
    async with asyncio.timeout(30):
        answers = await asyncio.gather(*(reader.readline() for reader, _ in senders))
    for _, writer in senders:
        writer.close()
    assert answers == [b"HTTP/1.1 202 Accepted\r\n"] * WAITING
    await eventually(lambda: _has_left(process), what="the gateway has left")
    assert process.exit_code() == 0


async def _has_left(process: Child) -> bool:
    return process.exit_code() is not None


async def _send(port: int, key: str, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    body = msgspec.json.encode({**SEED, "orderNumber": f"INV-{number}"})
    head = f"POST /api/v1/orders HTTP/1.1\r\nHost: {LOOPBACK}\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return reader, writer
