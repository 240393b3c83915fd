"""The load generator, a process of its own: `python -m tests.bench.load`, told what to do on standard input.

It speaks just enough HTTP/1.1 on raw sockets that it costs little beside what it measures (its own CPU time is part of
every answer). A closed loop keeps every connection busy: throughput. An open loop sends at fixed moments, whatever the
answers do, and counts latency from the moment at which a request should have left: what waits behind a slow answer is
slow too (no coordinated omission).
"""

import asyncio
import sys
import time
from array import array
from collections import deque
from collections.abc import Mapping
from typing import Final, cast

import msgspec
import uvloop
from hdrh.histogram import HdrHistogram
from msgspec import Struct

from tests.bench.orders import Bodies, Kind

SETTLE_SECONDS: Final = 30.0
"""How long the last answers may take."""
_PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)


class Task(Struct, kw_only=True):
    """What to send: bodies of a kind for so many seconds (or so many requests), over so many connections.

    `rate` is in requests a second, for an open loop; None makes a closed one. `path` with `kind` None is a GET.
    """

    port: int
    path: str
    headers: Mapping[str, str]
    prefix: str
    kind: Kind | None
    connections: int
    seconds: float
    requests: int | None = None
    rate: float | None = None
    each: int = 1
    first: int = 0
    population: int = 1


class Outcome(Struct, kw_only=True):
    """What came back: answers by status (0: none), times in seconds, latencies in milliseconds by percentile."""

    statuses: dict[int, int]
    seconds: float
    cpu_seconds: float
    began: float
    latency: dict[str, float]

    @property
    def good(self) -> int:
        """Answers of the 2xx class."""
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    @property
    def sent(self) -> int:
        """All requests."""
        return sum(self.statuses.values())


class _Generator:
    def __init__(self, task: Task) -> None:
        self._task = task
        self._bodies = None
        if task.kind is not None:
            self._bodies = Bodies(task.kind, task.prefix, first=task.first, population=task.population, each=task.each)
        head = [f"{'GET' if self._bodies is None else 'POST'} {task.path} HTTP/1.1", f"Host: 127.0.0.1:{task.port}"]
        head += [f"{name}: {value}" for name, value in task.headers.items()]
        if self._bodies is not None:
            head.append("Content-Type: application/json")
            head.append("Content-Length: ")
        self._head = "\r\n".join(head).encode() + (b"" if self._bodies is not None else b"\r\n\r\n")
        self._latencies = array("d")
        self._statuses: dict[int, int] = {}
        self._sent = 0
        self._answered = 0
        self._free: deque[_Connection] = deque()
        self._due: deque[float] = deque()
        self._over = asyncio.Event()
        self._done = asyncio.Event()

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        task = self._task
        for _ in range(task.connections):
            _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", task.port)
            self._free.append(connection)
        began, wall, cpu = time.perf_counter(), time.time(), time.process_time()
        loop.call_later(task.seconds, self._over.set)
        if task.rate is None:
            while self._free and self._wanted():
                self._send(self._free.popleft(), time.perf_counter())
            await self._over.wait()
        else:
            await self._open_loop(began, task.rate)
        self._over.set()
        if self._answered < self._sent:
            try:
                async with asyncio.timeout(SETTLE_SECONDS):
                    await self._done.wait()
            except TimeoutError:
                self._statuses[0] = self._sent - self._answered
        return Outcome(
            statuses=self._statuses,
            seconds=time.perf_counter() - began,
            cpu_seconds=time.process_time() - cpu,
            began=wall,
            latency=_percentiles(self._latencies),
        )

    async def _open_loop(self, began: float, rate: float) -> None:
        planned = 0
        while not self._over.is_set():
            now = time.perf_counter()
            while began + planned / rate <= now:
                self._due.append(began + planned / rate)
                planned += 1
            while self._due and self._free:
                self._send(self._free.popleft(), self._due.popleft())
            await asyncio.sleep(max(0.0, began + planned / rate - time.perf_counter()))
        # What should have been sent by now and could not be counts as well.
        while self._due and self._free:
            self._send(self._free.popleft(), self._due.popleft())

    def answered(self, connection: "_Connection", status: int, sent_at: float) -> None:
        self._latencies.append(time.perf_counter() - sent_at)
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._answered += 1
        if self._due:
            self._send(connection, self._due.popleft())
        elif self._task.rate is None and self._wanted():
            self._send(connection, time.perf_counter())
        else:
            self._free.append(connection)
            if self._answered == self._sent and self._task.requests is not None and not self._wanted():
                self._over.set()
        if self._over.is_set() and self._answered == self._sent:
            self._done.set()

    def _wanted(self) -> bool:
        most = self._task.requests
        return not self._over.is_set() and (most is None or self._sent < most)

    def _send(self, connection: "_Connection", should_leave_at: float) -> None:
        self._sent += 1
        if self._bodies is None:
            connection.send(self._head, should_leave_at)
        else:
            body = self._bodies.next()
            connection.send(b"%b%d\r\n\r\n%b" % (self._head, len(body), body), should_leave_at)


class _Connection(asyncio.Protocol):
    def __init__(self, generator: _Generator) -> None:
        self._generator = generator
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._wanted = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, sent_at: float) -> None:
        self._sent_at = sent_at
        self._received = b""
        self._wanted = 0
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if not self._wanted:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._wanted = end + 4 + _length(self._received[:end])
        if len(self._received) >= self._wanted:
            self._generator.answered(self, int(self._received[9:12]), self._sent_at)


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(b"content-length:")
    if start < 0:
        raise ValueError("an answer without a length")
    end = lower.find(b"\r\n", start)
    return int(lower[start + 15 : end if end >= 0 else len(lower)])


def _percentiles(seconds: "array[float]") -> dict[str, float]:
    """Return milliseconds by percentile, and the largest."""
    histogram = HdrHistogram(1, 120_000_000, 3)
    for one in seconds:
        histogram.record_value(max(1, int(one * 1_000_000)))
    shown = {f"p{percent:g}": histogram.get_value_at_percentile(percent) / 1000 for percent in _PERCENTILES}
    return {**shown, "max": histogram.get_max_value() / 1000}


def main() -> None:
    """Do one task."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    outcome = uvloop.run(_Generator(task).run())
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
