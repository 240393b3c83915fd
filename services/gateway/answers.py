"""The answers of workers to requests that wait for their order to be stored (Prefer: wait)."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from aiohttp import web

from shared.contracts import Settled, SettledBatch, Submission


class Answers:
    """Hands each answer to the requests that wait for it; bounded by the connections that wait.

    Several requests may wait for one submission (a repeated Idempotency-Key); all of them are told.
    """

    def __init__(self) -> None:
        self._waiting: dict[UUID, list[asyncio.Future[Settled]]] = {}
        self._leaving = asyncio.Event()

    async def leave(self, _: web.Application) -> None:
        """Let nobody wait any longer: the process is about to end, and what the broker holds can be told."""
        self._leaving.set()

    def take(self, batch: SettledBatch) -> None:
        """Take a worker's answers; one that nobody waits for any more is dropped."""
        for one in batch.settled:
            for future in self._waiting.get(one.id, ()):
                if not future.done():
                    future.set_result(one)

    def expect(self, submissions: Sequence[Submission]) -> "Expected":
        """Return what collects the answers for submissions; it must be entered before they are published."""
        return Expected(self._waiting, [submission.id for submission in submissions], self._leaving)


class Expected:
    """The answers that one request waits for; a context manager, so that nothing is waited for longer than it lives."""

    def __init__(
        self, waiting: dict[UUID, list[asyncio.Future[Settled]]], ids: Sequence[UUID], leaving: asyncio.Event
    ) -> None:
        self._waiting = waiting
        self._leaving = leaving
        self._futures: dict[UUID, asyncio.Future[Settled]] = {}
        self._ids = ids

    def __enter__(self) -> "Expected":
        """Begin to wait."""
        loop = asyncio.get_running_loop()
        for id in self._ids:
            future = self._futures.setdefault(id, loop.create_future())
            self._waiting.setdefault(id, []).append(future)
        return self

    def __exit__(self, *_: object) -> None:
        """Wait no more."""
        for id, future in self._futures.items():
            future.cancel()
            others = [other for other in self._waiting.pop(id, ()) if other is not future]
            if others:
                self._waiting[id] = others

    async def collect(self, seconds: float) -> dict[UUID, Settled]:
        """Return the answers that came within so many seconds; all of them, unless time ran out or we leave."""
        all_told = asyncio.ensure_future(asyncio.wait(self._futures.values()))
        leaving = asyncio.ensure_future(self._leaving.wait())
        try:
            await asyncio.wait((all_told, leaving), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            all_told.cancel()
            leaving.cancel()
        return {id: future.result() for id, future in self._futures.items() if future.done()}
