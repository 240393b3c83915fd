"""Clients that send orders and never give up: what is not accepted is sent again, with its key or plainly."""

import asyncio
import time
from collections.abc import Sequence
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import aiohttp
import msgspec
from msgspec import Struct

from tests.faults.journal import Answered, GaveUp, Journal, Receipt, Sent, Unanswered
from tests.faults.orders import Orders

HUNG_SECONDS: Final = 15.0
"""A gateway gives up on the broker after 4 seconds, and on a wait after those asked for: longer is a hang."""
_LONGEST_PAUSE_SECONDS: Final = 0.5
_HURRY: Final = 400
"""So many orders come as fast as they can. A harm that lasts gets fewer from then on: each has to be judged."""
_HURRIED_SECONDS: Final = 0.05
_LEISURELY_SECONDS: Final = 0.6
_TRIES: Final = 400
_OK: Final = (200, 201, 202)


class Call(Struct, frozen=True):
    """What a client wants stored, and how it asks for it."""

    orders: Sequence[dict[str, Any]]
    key: str | None = None
    batch: bool = False
    wait: int | None = None
    broken: bool = False


class Writer:
    """Many clients at once, over several gateways, until told to stop; all that happens stands in the journal."""

    def __init__(
        self, urls: Sequence[str], key: str, journal: Journal, orders: Orders, random: Random, *, clients: int = 6
    ) -> None:
        self._urls = urls
        self._key = key
        self._journal = journal
        self._orders = orders
        self._random = random
        self._clients = clients
        self._stopping = asyncio.Event()
        self.accepted = 0
        """Orders that were accepted so far."""
        self.answers = 0
        self.slowest_seconds = 0.0

    async def run(self) -> None:
        """Send until stopped; every call that was begun is finished. Then say of each order that it is paid."""
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=HUNG_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            await asyncio.gather(*(self._client(session) for _ in range(self._clients)))
            await asyncio.gather(*(self._make(session, Call([order])) for order in self._orders.last_words()))
        await asyncio.sleep(0)

    async def deliver(self, calls: Sequence[Call], *, concurrent: int) -> None:
        """Make these calls too, so many at once, and return when all are accepted."""
        waiting = iter(calls)

        async def client(session: aiohttp.ClientSession) -> None:
            for call in waiting:
                await self._make(session, call)

        timeout = aiohttp.ClientTimeout(total=HUNG_SECONDS)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
            await asyncio.gather(*(client(session) for _ in range(concurrent)))

    def stop(self) -> None:
        """Begin no more calls."""
        self._stopping.set()

    async def _client(self, session: aiohttp.ClientSession) -> None:
        while not self._stopping.is_set():
            await self._make(session, self._invent())
            pause = _HURRIED_SECONDS if self.accepted < _HURRY else _LEISURELY_SECONDS
            await asyncio.sleep(self._random.uniform(0, pause))

    def _invent(self) -> Call:
        random, orders = self._random, self._orders
        kind = random.random()
        if kind < 0.02:
            return Call([orders.broken()], broken=True)
        key = str(uuid4()) if random.random() < 0.4 else None
        wait = 5 if random.random() < 0.1 else None
        if kind < 0.15:
            return Call([orders.update() for _ in range(random.randint(1, 30))], key, True, wait)
        return Call([orders.update()], key, False, wait)

    async def _make(self, session: aiohttp.ClientSession, call: Call) -> None:
        """Send a call until it is accepted."""
        for _ in range(_TRIES):
            attempt = self._journal.next_attempt()
            status = await self._send(session, attempt, call)
            if status in _OK or (status == 422 and call.broken):
                return
            await asyncio.sleep(self._random.uniform(0.1, 1) * _LONGEST_PAUSE_SECONDS)
        self._journal.add(GaveUp(attempt))

    async def _send(self, session: aiohttp.ClientSession, attempt: int, call: Call) -> int | None:
        url = f"{self._random.choice(self._urls)}/api/v1/orders{'/batch' if call.batch else ''}"
        headers = {"X-API-Key": self._key, "Content-Type": "application/json"}
        if call.key is not None:
            headers["Idempotency-Key"] = call.key
        if call.wait is not None:
            headers["Prefer"] = f"wait={call.wait}"
        body = msgspec.json.encode(call.orders if call.batch else call.orders[0])
        began = time.monotonic()
        self._journal.add(Sent(attempt, began, call.orders, call.key, call.batch, call.wait, call.broken))
        try:
            async with session.post(url, data=body, headers=headers) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            took = time.monotonic() - began
            hung = isinstance(error, TimeoutError)
            self._journal.add(Unanswered(attempt, type(error).__name__, took, hung))
            return None
        now = time.monotonic()
        took = now - began
        self.slowest_seconds = max(self.slowest_seconds, took)
        self.answers += 1
        receipts = _receipts_of(call, answer.status, content)
        self._journal.add(Answered(attempt, now, answer.status, took, receipts))
        self.accepted += sum(receipt is not None for receipt in receipts)
        return answer.status


def _receipts_of(call: Call, status: int, content: bytes) -> list[Receipt | None]:
    if status not in _OK:
        return []
    document = msgspec.json.decode(content)
    rows = document["results"] if call.batch else [document]
    return [_receipt(row) for row in rows]


def _receipt(row: dict[str, Any]) -> Receipt | None:
    receipt = row.get("receipt")
    return None if receipt is None else Receipt(UUID(receipt["id"]), int(receipt["version"]))
