"""One trial: clients write, a scenario does its harm, all is healed, what is left comes to rest, and is judged."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

import aiohttp
from msgspec import Struct

from services.console.accounts import Accounts
from shared.database import Database
from shared.errors import DatabaseUnavailable
from shared.keys import SCOPES
from shared.webhooks import EVERY_EVENT
from tests.faults.endpoints import Endpoints, listening
from tests.faults.history import read_contents, stored_ids, unsettled
from tests.faults.journal import Journal
from tests.faults.oracle import Findings, Tolerance, confirmations_in, judge
from tests.faults.orders import Orders
from tests.faults.stack import Stack
from tests.faults.subscriber import subscribe, take_published, waiting_in_queues
from tests.faults.writer import Writer
from tests.polling import eventually

T = TypeVar("T")
_BEFORE: Final = 30
_AFTER: Final = 60
_SCENARIO_SECONDS: Final = 180.0
REST_SECONDS: Final = 180.0


class Trial:
    """What a scenario has in hand while clients write."""

    def __init__(
        self, stack: Stack, random: Random, writer: Writer, database: Database, account: UUID, endpoints: Endpoints
    ) -> None:
        self.stack = stack
        self.random = random
        self.writer = writer
        self.database = database
        self.account = account
        self.endpoints = endpoints

    async def progress(self, orders: int = 40) -> None:
        """Wait until so many more orders were accepted."""
        wanted = self.writer.accepted + orders
        await eventually(lambda: self.writer.accepted >= wanted, within=120, what=f"{orders} more orders are accepted")

    async def pass_(self, least: float, most: float) -> None:
        """Let some time pass, while the harm lasts."""
        await asyncio.sleep(self.random.uniform(least, most))

    def any_of(self, service: str) -> str:
        """Return the name of one of a service's processes."""
        return self.random.choice(self.stack.names_of(service))

    async def dies(self, names: Sequence[str], after: int, *, times: int) -> None:
        """Wait until these processes have died so often, in all, since the stack had told of `after` things."""

        def deaths() -> int:
            told = self.stack.deaths[after:]
            return sum(line.startswith(f"{name} (pid") for line in told for name in names)

        await eventually(lambda: deaths() >= times, within=90, what=f"{', '.join(names)} die {times} times")

    async def stored(self, more: int) -> None:
        """Wait until so many more submissions are in the history."""
        had = len(await self.patiently(lambda: stored_ids(self.database, self.account)))

        async def are() -> bool:
            return len(await self.patiently(lambda: stored_ids(self.database, self.account))) >= had + more

        await eventually(are, within=120, what=f"{more} more are stored")

    async def patiently(self, look: Callable[[], Awaitable[T]]) -> T:
        """Ask Postgres, also where it has just been started again."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return await look()
            except DatabaseUnavailable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)


Ground = Literal["plain", "cluster", "small disk", "one small disk"]
"""What a scenario needs to stand on; `tests.faults.grounds` makes it."""


class Scenario(Struct, frozen=True):
    """Something bad, by name; what it makes unavoidable; whether it may come together with another one."""

    name: str
    play: Callable[[Trial], Awaitable[None]]
    tolerance: Tolerance = Tolerance()
    pairs: bool = True
    quick: bool = False
    ground: Ground = "plain"


class Outcome(Struct, frozen=True):
    """What a trial showed."""

    scenario: str
    seed: str
    accepted: int
    findings: Findings
    statuses: dict[int, int]
    slowest_seconds: float
    seconds: float


async def play(
    stack: Stack, scenarios: Sequence[Scenario], seed: str, folder: Path, *, rest_seconds: float = REST_SECONDS
) -> Outcome:
    """Play scenarios at the same time, on an account of their own; what moves no more is judged as it is."""
    name = " + ".join(scenario.name for scenario in scenarios)
    random = Random(f"{name} {seed}")
    began = time.monotonic()
    database = Database(stack.postgres.url, purpose="oracle", most=2)
    await database.open()
    try:
        await subscribe(stack.rabbitmq.url)
        async with listening() as endpoints:
            account, live, _ = await Accounts(database).create(name, SCOPES)
            await key_is_known(stack, live.key)
            await endpoints.subscribe(stack.urls[0], live.key, account, (EVERY_EVENT,))
            await endpoints.subscribe(stack.urls[0], live.key, account, ("payment.paid", "payment.overdue"))
            other, others, _ = await Accounts(database).create("bystander", SCOPES)
            await key_is_known(stack, others.key)
            await endpoints.subscribe(stack.urls[0], others.key, other, (EVERY_EVENT,))
            domain = f"{account.hex}.example.com"
            journal = Journal(folder / f"{account.hex}.journal")
            writer = Writer(stack.urls, live.key, journal, Orders(random, domain), random)
            trial = Trial(stack, random, writer, database, account, endpoints)
            await _write_while(trial, scenarios)
            tolerance = _together(scenarios)
            await _come_to_rest(trial, journal, rest_seconds)
            contents = await trial.patiently(lambda: read_contents(database, account))
            published = await take_published(stack.rabbitmq.url)
        mails = confirmations_in(stack.layout.mail, domain)
        journal.close()
        account_of_it, findings = judge(journal.read(), contents, mails, published, endpoints.subscriptions, tolerance)
    finally:
        await database.close()
    return Outcome(
        scenario=name,
        seed=seed,
        accepted=len({promise.receipt.id for promise in account_of_it.promises}),
        findings=findings,
        statuses=dict(account_of_it.statuses),
        slowest_seconds=writer.slowest_seconds,
        seconds=time.monotonic() - began,
    )


async def _write_while(trial: Trial, scenarios: Sequence[Scenario]) -> None:
    writing = asyncio.ensure_future(trial.writer.run())
    try:
        await trial.progress(_BEFORE)
        async with asyncio.timeout(_SCENARIO_SECONDS), asyncio.TaskGroup() as group:
            for scenario in scenarios:
                group.create_task(_awaited(scenario.play(trial)))
        await trial.stack.all_work()
        await trial.progress(_AFTER)
        trial.writer.stop()
        async with asyncio.timeout(REST_SECONDS):
            await writing
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _awaited(awaitable: Awaitable[None]) -> None:
    await awaitable


def _together(scenarios: Sequence[Scenario]) -> Tolerance:
    return Tolerance(
        hangs=any(scenario.tolerance.hangs for scenario in scenarios),
        mail_twice=any(scenario.tolerance.mail_twice for scenario in scenarios),
        failures=frozenset().union(*(scenario.tolerance.failures for scenario in scenarios)),
    )


async def key_is_known(stack: Stack, key: str) -> None:
    """Wait until every gateway takes a key."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:

        async def knows(url: str) -> bool:
            async with session.get(f"{url}/api/v1/receipts/none", headers={"X-API-Key": key}) as answer:
                # Guesses without end are answered 429; a right key never is.
                return answer.status not in (401, 429)

        for url in stack.urls:
            await eventually(lambda url=url: knows(url), what="the key is known")  # type: ignore[misc]  # no type for a lambda's default


async def _come_to_rest(trial: Trial, journal: Journal, seconds: float) -> None:
    """Wait until nothing is on its way any more, or no less of it than so long ago; the oracle tells what is amiss."""
    accepted = _accepted_ids(journal)
    left: dict[str, Any] = {}
    fewest, moved_at = math.inf, time.monotonic()
    while time.monotonic() < moved_at + seconds:
        missing = len(accepted - await trial.patiently(lambda: stored_ids(trial.database, trial.account)))
        left = {
            "missing": missing,
            **await waiting_in_queues(trial.stack.rabbitmq.url),
            **await trial.patiently(lambda: unsettled(trial.database, trial.account)),
        }
        if not any(left.values()):
            return
        if sum(left.values()) < fewest:
            fewest, moved_at = sum(left.values()), time.monotonic()
        await asyncio.sleep(0.25)
    left_over = {what: count for what, count in left.items() if count}
    print(f"did not come to rest: {left_over}")


def _accepted_ids(journal: Journal) -> set[UUID]:
    return {receipt.id for entry in journal.read() for receipt in getattr(entry, "receipts", ()) if receipt is not None}
