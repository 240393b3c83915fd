"""Overload, measured: how much is accepted at twice and ten times what is sustained, and what a neighbour notices.

`make faults OVERLOAD=1`. The figures mean something only on a machine that does nothing else: the load, two gateways,
RabbitMQ, Postgres and the workers share its cores.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from services.cli.stack.layout import CHECKOUT
from services.console.accounts import Accounts
from shared.database import Database
from shared.keys import SCOPES
from tests.faults.flood import Flood, Outcome
from tests.faults.history import stored_ids
from tests.faults.stack import Shape, Stack, running_stack
from tests.faults.trial import key_is_known
from tests.polling import eventually

_SECONDS: Final = 8.0
_NEIGHBOUR_RATE: Final = 25.0
_CONNECTIONS: Final = {1: 64, 2: 256, 10: 1024}


async def measure(folder: Path) -> bool:
    """Print the figures; tell whether they are as promised."""
    async with running_stack(folder / "local", Shape(gateways=2, workers=2, relays=1, notifiers=1)) as stack:
        database = Database(stack.postgres.url, purpose="oracle", most=2)
        await database.open()
        try:
            return await _measure(stack, database)
        finally:
            await database.close()


async def _measure(stack: Stack, database: Database) -> bool:
    loud, loud_key, _ = await Accounts(database).create("loud", SCOPES)
    quiet, quiet_key, _ = await Accounts(database).create("quiet", SCOPES)
    for key in (loud_key.key, quiet_key.key):
        await key_is_known(stack, key)

    async def flood(name: str, rate: float | None, connections: int, seconds: float = _SECONDS) -> Outcome:
        return await _run(
            Flood(
                ports=stack.gateway_ports,
                key=loud_key.key,
                rate=rate,
                seconds=seconds,
                connections=connections,
                prefix=name,
            )
        )

    async def neighbour(name: str) -> Outcome:
        return await _run(
            Flood(
                ports=stack.gateway_ports,
                key=quiet_key.key,
                rate=_NEIGHBOUR_RATE,
                seconds=_SECONDS,
                connections=8,
                prefix=name,
            )
        )

    await flood("warm", None, 32, 3)
    alone = await neighbour("alone")
    print(f"the neighbour, alone:            {alone.latency}")
    sustained = await flood("sustained", None, _CONNECTIONS[1])
    print(f"sustained: {sustained.goodput:.0f} orders/s accepted, {sustained.latency}, {sustained.statuses}")
    accepted = sustained.good
    good = True
    base: Outcome | None = None
    for times, least in ((1, 0.0), (2, 0.9), (10, 0.8)):
        rate = sustained.goodput * times
        flooded, beside = await asyncio.gather(
            flood(f"x{times}", rate, _CONNECTIONS[times]), neighbour(f"beside-{times}")
        )
        accepted += flooded.good + beside.good
        share = flooded.goodput / sustained.goodput
        print(f"at {times:2} times: {share:4.0%} of it accepted, {flooded.latency}, {flooded.statuses}")
        print(f"             the neighbour: {beside.latency}, {beside.statuses}")
        base = base or beside
        good = good and share >= least and set(flooded.statuses) <= {202, 429, 503}
        good = good and beside.latency["p99"] <= 1.2 * base.latency["p99"]
    print(f"the neighbour's p99 beside the flood, against that beside the sustained rate: at most a fifth more: {good}")
    await _all_stored(database, (loud, quiet), accepted)
    return good


async def _all_stored(database: Database, accounts: Sequence[UUID], accepted: int) -> None:
    """Wait until at least what was counted as accepted is in the histories."""

    async def stored() -> bool:
        counts = [len(await stored_ids(database, account)) for account in accounts]
        return sum(counts) >= accepted

    await eventually(stored, within=300, what=f"{accepted} accepted orders are stored")
    print(f"all {accepted} accepted orders are stored")


async def _run(flood: Flood) -> Outcome:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.flood"), stdin=PIPE, stdout=PIPE, cwd=CHECKOUT
    )
    output, _ = await process.communicate(msgspec.json.encode(flood))
    return msgspec.json.decode(output, type=Outcome)
