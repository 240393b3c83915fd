"""The consumer in the README does what it says, as it stands there."""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Final

from services.console.accounts import Accounts
from services.gateway.examples import NEW_INVOICE, PAYMENT
from tests.live import running_live
from tests.polling import eventually
from tests.queues import channel_to

README: Final = Path(__file__).parents[2] / "README.md"


def consumer() -> str:
    (found,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    return str(found)


def test_the_consumer_is_short() -> None:
    assert len(consumer().splitlines()) <= 36


async def test_the_readme_s_consumer_books_each_payment_once(
    accounts: Accounts, database_url: str, amqp_url: str, amqp_prefix: str, tmp_path: Path
) -> None:
    _, live, _ = await accounts.create("tells", ["admin"])
    program = tmp_path / "consumer.py"
    program.write_text(consumer())
    environment = {**os.environ, "BUGALOU_AMQP_URL": amqp_url, "BUGALOU_AMQP_PREFIX": amqp_prefix}
    async with (
        running_live(live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix) as client,
        channel_to(amqp_url) as channel,
    ):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(program)), env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:

            async def is_consumed() -> bool:
                queue = await channel.declare_queue("bookkeeping", durable=True, arguments={"x-queue-type": "quorum"})
                return bool(queue.declaration_result.consumer_count)

            await eventually(is_consumed, what="the consumer consumes")
            for order in (NEW_INVOICE, {**PAYMENT, "currency": "EUR"}):
                assert (await client.post(order, Prefer="wait=20")).status in (200, 201)
            async with asyncio.timeout(20):
                line = await process.stdout.readline()
            assert line.decode().split() == ["payment.paid", str(PAYMENT["orderNumber"]), "2950.00", "EUR"]
        finally:
            process.kill()
            await process.wait()
            await channel.queue_delete("bookkeeping")
