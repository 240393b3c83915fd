"""The API does what its description says: schemathesis asks the live system, in all the ways that it knows."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import pytest

from services.console.accounts import Accounts
from tests.live import running_live

ROOT: Final = Path(__file__).parents[2]
CHECKS: Final = ("--checks", "all", "--exclude-checks", "ensure_resource_availability")
"""That one takes a 404 after a 201 for a fault; here an accepted order may not be stored yet."""
BOUNDS: Final = ("--seed", "42", "--max-examples", "15", "--generation-database", "none")
PHASES: Final = ("--phases", "examples,coverage,fuzzing,stateful")


@pytest.mark.timeout(400)
async def test_schemathesis_finds_nothing(
    accounts: Accounts, database_url: str, amqp_url: str, amqp_prefix: str, tmp_path: Path
) -> None:
    _, live, _ = await accounts.create("to be asked everything", ["admin"])
    async with running_live(live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix) as client:
        process = await asyncio.create_subprocess_exec(
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{client.url}/openapi.json"),
            *("--header", f"X-API-Key: {live.key}", "--no-color", "--continue-on-failure"),
            *(*CHECKS, *BOUNDS, *PHASES),
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks",
                "OWN_KEY_ID": str(live.id),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
