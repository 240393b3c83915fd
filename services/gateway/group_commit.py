"""Group commit: while one message is on its way to the broker, what arrives gathers and goes as the next one.

What costs is the number of messages, not of submissions. A lone request waits for nobody: with nothing in flight, it
leaves at once, and an account that has nothing in flight does not wait for what others have there: for such accounts
there is one message more. Where more waits than a message takes, the accounts take turns.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from services.gateway.turns import Turns
from shared.contracts import Submission, SubmissionBatch
from shared.errors import Unavailable
from shared.failpoints import Point, reach
from shared.metrics import ACCEPTED, COMMIT_BYTES, COMMIT_SUBMISSIONS, UNCONFIRMED, watch
from shared.shares import Shares
from shared.traces import batch

ANSWERS: Final = 16
"""Requests that are woken in one turn of the event loop; each has its answer to write, some 50 us."""
_encode: Final = msgspec.msgpack.Encoder().encode


class Publishes(Protocol):
    """Publishes one message; returns once the broker has confirmed it."""

    async def publish(
        self,
        body: bytes,
        *,
        routing_key: str,
        message_id: str,
        content_type: str,
        message_type: str,
        reply_to: str | None = None,
    ) -> None:
        """Publish or raise `BrokerUnavailable`."""
        ...


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds the gathering: of one message, of all that is unconfirmed, and of time while others are in flight.

    Besides `messages_in_flight` there may be one for accounts that had nothing there.
    """

    message_submissions: int
    message_bytes: int
    messages_in_flight: int
    unconfirmed_submissions: int
    unconfirmed_bytes: int
    linger_seconds: float


class _Waiting(msgspec.Struct, eq=False):
    submissions: Sequence[Submission]
    size: int
    confirmed: asyncio.Future[None]


class GroupCommit:
    """Gathers submissions into messages; a component.

    `submit` returns when the broker holds the submissions durably, and raises `Unavailable` when it may not.
    """

    def __init__(self, publisher: Publishes, queue: str, limits: Limits, *, reply_to: str | None = None) -> None:
        self._publisher = publisher
        self._queue = queue
        self._limits = limits
        self._reply_to = reply_to
        self._waiting: Turns[_Waiting] = Turns()
        self._waiting_submissions = 0
        self._waiting_bytes = 0
        self._unconfirmed = Shares(limits.unconfirmed_submissions)
        self._unconfirmed_bytes = Shares(limits.unconfirmed_bytes)
        self._flights: dict[asyncio.Task[None], frozenset[UUID]] = {}
        self._express: asyncio.Task[None] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._confirmed: Turns[_Waiting] = Turns()
        self._is_answering = False
        self._stopping = asyncio.Event()
        watch(UNCONFIRMED, lambda: self._unconfirmed.total)

    async def run(self) -> None:
        """Wait until stopped and everything taken has its answer."""
        await self._stopping.wait()
        while self._waiting or self._flights:
            if self._waiting:
                self._take_off()
            await asyncio.wait(self._flights)

    def stop(self) -> None:
        """End once what was taken is answered; whoever submits must have ended before."""
        self._stopping.set()

    async def submit(self, submissions: Sequence[Submission], size: int) -> None:
        """Publish submissions of one account (about `size` bytes in all) together with what else is waiting."""
        count, account = len(submissions), submissions[0].account
        fits = self._unconfirmed.allows(account, count) and self._unconfirmed_bytes.allows(account, size)
        if self._unconfirmed.total and not fits:
            raise Unavailable("more submissions wait for the broker than may")
        self._unconfirmed.take(account, count)
        self._unconfirmed_bytes.take(account, size)
        waiting = _Waiting(submissions, size, asyncio.get_running_loop().create_future())
        self._waiting.add(account, waiting)
        self._waiting_submissions += count
        self._waiting_bytes += size
        if not self._takes_express(account):
            self._consider()
        try:
            # Shielded by being a plain future: a client that leaves does not undo what goes with its neighbours'.
            await waiting.confirmed
        finally:
            self._unconfirmed.give_back(account, count)
            self._unconfirmed_bytes.give_back(account, size)

    def _consider(self) -> None:
        """Start a flight now, or see that one starts soon."""
        if not self._waiting:
            return
        full = (
            self._waiting_submissions >= self._limits.message_submissions
            or self._waiting_bytes >= self._limits.message_bytes
        )
        if not self._flights or (full and len(self._flights) < self._limits.messages_in_flight):
            self._take_off()
        elif self._linger is None:
            loop = asyncio.get_running_loop()
            self._linger = loop.call_later(self._limits.linger_seconds, self._lingered)

    def _lingered(self) -> None:
        self._linger = None
        if self._waiting and len(self._flights) < self._limits.messages_in_flight:
            self._take_off()

    def _takes_express(self, account: UUID) -> bool:
        """Start one flight more where others are in flight and this account, which waits, is aboard none of them."""
        if not self._flights or self._express or any(account in aboard for aboard in self._flights.values()):
            return False
        self._express = self._take_off()
        return True

    def _take_off(self) -> asyncio.Task[None]:
        """Start a flight with what waits, as much as a message may take; something must wait."""
        aboard: list[_Waiting] = []
        count = size = 0
        while self._waiting:
            following = self._waiting.peek()
            fits = (
                count + len(following.submissions) <= self._limits.message_submissions
                and size + following.size <= self._limits.message_bytes
            )
            if aboard and not fits:
                break
            self._waiting.take()
            aboard.append(following)
            count += len(following.submissions)
            size += following.size
        self._waiting_submissions -= count
        self._waiting_bytes -= size
        flight = asyncio.get_running_loop().create_task(self._fly(aboard))
        self._flights[flight] = frozenset(waiting.submissions[0].account for waiting in aboard)
        flight.add_done_callback(self._landed)
        return flight

    def _landed(self, flight: asyncio.Task[None]) -> None:
        del self._flights[flight]
        if flight is self._express:
            self._express = None
        if not any(map(self._takes_express, self._waiting.accounts())):
            self._consider()

    async def _fly(self, aboard: Sequence[_Waiting]) -> None:
        submissions = [submission for waiting in aboard for submission in waiting.submissions]
        try:
            await reach(Point.GATEWAY_GATHERED)
            body = _encode(SubmissionBatch(submissions))
            # A trace of its own, linked to those of its members: it belongs to none of them more than to the others.
            with batch("publish submissions", (one.trace for one in submissions), kind="producer"):
                await self._publisher.publish(
                    body,
                    routing_key=self._queue,
                    message_id=str(uuid7()),
                    content_type="application/msgpack",
                    message_type="submissions.v1",
                    reply_to=self._reply_to,
                )
            await reach(Point.GATEWAY_CONFIRMED)
        except BaseException as error:
            cause = error if isinstance(error, Exception) else Unavailable("the gateway is leaving")
            for waiting in aboard:
                if not waiting.confirmed.done():
                    waiting.confirmed.set_exception(cause)
            if not isinstance(error, Exception):
                raise
        else:
            for waiting in aboard:
                self._confirmed.add(waiting.submissions[0].account, waiting)
            if not self._is_answering:
                self._answer()
            ACCEPTED.inc(len(submissions))
            COMMIT_SUBMISSIONS.observe(len(submissions))
            COMMIT_BYTES.observe(len(body))

    def _answer(self) -> None:
        """Wake some whose submissions are confirmed, and the others in the next turns of the event loop.

        All at once, hundreds of answers, and the requests that follow upon them, would make one turn last tens of
        milliseconds, in which nobody else is heard.
        """
        for _ in range(ANSWERS):
            if self._confirmed:
                waiting = self._confirmed.take()
                if not waiting.confirmed.done():
                    waiting.confirmed.set_result(None)
        self._is_answering = bool(self._confirmed)
        if self._is_answering:
            asyncio.get_running_loop().call_soon(self._answer)
