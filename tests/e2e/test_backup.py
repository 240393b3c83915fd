"""The sequence in deploy/backup.md, run as it stands: restored into a fresh server, all is there and the keys work."""

import asyncio
import os
import re
import secrets
import sys
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from services.cli.stack.errors import StackError
from services.cli.stack.layout import CHECKOUT
from services.cli.stack.ports import free_ports
from services.cli.stack.postgres import PrivatePostgres
from services.worker.failures import Failures
from services.worker.store import Store
from shared.database import Database
from tests.consoles import read, read_all, running_console
from tests.submissions import submission
from tests.tenant import Tenant

GUIDE = (CHECKOUT / "deploy" / "backup.md").read_text()


def sequence(name: str) -> str:
    """Return the commands that the guide gives under a name."""
    found = re.search(rf"```sh {name}\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


async def run(commands: str, database_url: str, folder: Path) -> str:
    """Run commands as an operator would, with this checkout's `bugalou`; each must succeed."""
    program = folder / "bugalou"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from services.cli import main; main()" "$@"\n')
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT),
        "BUGALOU_DATABASE_URL": database_url,
    }
    process = await asyncio.create_subprocess_exec(
        "sh", "-ec", commands, cwd=folder, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def test_dump_restored_into_a_fresh_server_is_whole(
    tmp_path: Path, database: Database, database_url: str, account: Tenant
) -> None:
    for number in range(30):
        orders = [
            submission(f"INV-{number}", account=account.id, minutes=minute, total="10", paymentStatus=status)
            for minute, status in enumerate(("pending", "overdue", "paid"))
        ]
        await Store(database).settle(orders)
    await Failures(database).add(cause="c", reason="r", body=uuid7().bytes, submission=submission(account=account.id))
    await run(sequence("backup"), database_url, tmp_path)
    async with running_console(account.live.key, database_url=database_url) as client:
        before = await read_all(client, "/orders"), await read(client, "/orders/custom/INV-7/history")
    try:
        fresh = PrivatePostgres(tmp_path / "fresh", free_ports(1)[0], password=secrets.token_hex(8), durable=False)
    except StackError as error:
        pytest.skip(str(error))
    with fresh:
        printed = await run(sequence("restore"), fresh.url, tmp_path)
        assert "30 orders folded, 0 differ" in printed
        async with running_console(account.live.key, database_url=fresh.url) as client:
            assert (await read_all(client, "/orders"), await read(client, "/orders/custom/INV-7/history")) == before
            assert len((await read(client, "/failures"))["data"]) == 1
            assert (await client.get("/api/v1/orders", account.test.key)).status == 200
            assert (await client.get("/api/v1/orders", "bg_live_wrong")).status == 401
