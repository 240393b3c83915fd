"""An open loop, a process of its own: requests leave at fixed moments, whatever the answers do (`python -m`, JSON in).

A latency counts from the moment at which its request should have left: what waits behind a slow answer is slow too.
"""

import asyncio
import sys
import time
from collections import Counter, deque
from typing import Final, cast

import msgspec
from msgspec import Struct

_LAST_ANSWERS_SECONDS: Final = 20.0


class Flood(Struct, frozen=True, kw_only=True):
    """How many requests a second (None: as many as the connections allow), for how long, over how many connections."""

    ports: list[int]
    key: str
    rate: float | None
    seconds: float
    connections: int
    prefix: str


class Outcome(Struct, frozen=True, kw_only=True):
    """Answers by status (0: none came), seconds, and latencies in milliseconds by percentile, of the 2xx alone."""

    statuses: dict[int, int]
    seconds: float
    latency: dict[str, float]

    @property
    def good(self) -> int:
        """Answers of the 2xx class."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def goodput(self) -> float:
        """Orders accepted a second."""
        return self.good / self.seconds


class _Generator:
    def __init__(self, flood: Flood) -> None:
        self.flood = flood
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self._free: deque[_Connection] = deque()
        self._due: deque[float] = deque()
        self._under_way = 0
        self._made = 0
        self._over = False
        self._done = asyncio.Event()

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        flood = self.flood
        for number in range(flood.connections):
            port = flood.ports[number % len(flood.ports)]
            _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", port)
            self._free.append(connection)
        began = time.perf_counter()
        planned = 0
        while (now := time.perf_counter()) < began + flood.seconds:
            if flood.rate is None:
                while self._free:
                    self._send(self._free.popleft(), now)
                await asyncio.sleep(0.001)
                continue
            while began + planned / flood.rate <= now:
                self._due.append(began + planned / flood.rate)
                planned += 1
            while self._due and self._free:
                self._send(self._free.popleft(), self._due.popleft())
            await asyncio.sleep(max(0.0, began + planned / flood.rate - time.perf_counter()))
        self._over = True
        seconds = time.perf_counter() - began
        within = self.statuses.copy()
        if self._under_way:
            try:
                async with asyncio.timeout(_LAST_ANSWERS_SECONDS):
                    await self._done.wait()
            except TimeoutError:
                within[0] += self._under_way
        return Outcome(statuses=dict(within), seconds=seconds, latency=_percentiles(self.latencies))

    def answered(self, connection: "_Connection", status: int, since: float) -> None:
        self.statuses[status] += 1
        if 200 <= status < 300:
            self.latencies.append(time.perf_counter() - since)
        self._under_way -= 1
        if self._over:
            if not self._under_way:
                self._done.set()
        elif self._due:
            self._send(connection, self._due.popleft())
        elif self.flood.rate is None:
            self._send(connection, time.perf_counter())
        else:
            self._free.append(connection)

    def _send(self, connection: "_Connection", since: float) -> None:
        self._made += 1
        self._under_way += 1
        body = (
            f'{{"platform":"flood","orderNumber":"{self.flood.prefix}-{self._made}","orderStatus":"processing",'
            f'"paymentStatus":"pending","total":"2950.00","currency":"EUR","customerName":"Klant {self._made}"}}'
        ).encode()
        head = (
            f"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {self.flood.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        connection.send(head + body, since)


class _Connection(asyncio.Protocol):
    def __init__(self, generator: _Generator) -> None:
        self._generator = generator
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, since: float) -> None:
        self._since, self._received = since, b""
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self._generator.answered(self, int(head[9:12]), self._since)


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    if not ordered:
        return {}
    return {
        f"p{percent:g}": round(ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000, 1)
        for percent in (50, 90, 99)
    }


def main() -> None:
    """Do one flood."""
    flood = msgspec.json.decode(sys.stdin.buffer.read(), type=Flood)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_Generator(flood).run())))


if __name__ == "__main__":
    main()
