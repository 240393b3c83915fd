"""RabbitMQ killed, suspended, short of memory and disk, and closing its connections."""

import asyncio
from typing import Final

from tests.faults.trial import Scenario, Trial


async def _killed(trial: Trial) -> None:
    before = trial.stack.pid("rabbitmq")
    trial.stack.kill("rabbitmq")
    await trial.stack.started_again("rabbitmq", before)


async def _stopped(trial: Trial) -> None:
    before = trial.stack.pid("rabbitmq")
    trial.stack.terminate("rabbitmq")
    await trial.stack.started_again("rabbitmq", before)


async def _suspended(trial: Trial) -> None:
    async with trial.stack.suspended("rabbitmq"):
        await trial.pass_(3, 8)


async def _suspended_for_long(trial: Trial) -> None:
    """Longer than the heartbeats allow: every connection is taken for lost."""
    async with trial.stack.suspended("rabbitmq"):
        await trial.pass_(36, 40)


async def _control(trial: Trial, *words: str) -> None:
    await asyncio.to_thread(trial.stack.rabbitmq.control, *words)


async def _out_of_memory(trial: Trial) -> None:
    await _control(trial, "set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        await trial.pass_(5, 10)
    finally:
        await _control(trial, "set_vm_memory_high_watermark", "0.4")


async def _out_of_disk(trial: Trial) -> None:
    await _control(trial, "set_disk_free_limit", "100000GB")
    try:
        await trial.pass_(5, 10)
    finally:
        await _control(trial, "set_disk_free_limit", "200MB")


async def _connections_closed(trial: Trial) -> None:
    for _ in range(2):
        await _control(trial, "close_all_connections", "a fault is injected")
        await trial.progress(20)


SCENARIOS: Final = (
    Scenario("RabbitMQ killed", _killed, quick=True),
    Scenario("RabbitMQ stopped", _stopped),
    Scenario("RabbitMQ suspended", _suspended),
    Scenario("RabbitMQ suspended for long", _suspended_for_long, pairs=False),
    Scenario("RabbitMQ out of memory", _out_of_memory),
    Scenario("RabbitMQ out of disk", _out_of_disk),
    Scenario("RabbitMQ closes connections", _connections_closed),
)
