"""Accounts take turns: one that floods waits behind itself, and delays each other by one of its own at most."""

import asyncio
from collections import deque
from collections.abc import KeysView
from typing import Final, Generic, TypeVar
from uuid import UUID

T = TypeVar("T")

SLICES: Final = 8
"""Slices of work in one turn of the event loop, each a fraction of a millisecond."""


class Turns(Generic[T]):
    """What waits, by account: the accounts are served in turn, what one of them waits with in the order it came.

    It has no bound of its own: whoever adds to it bounds what may wait.
    """

    def __init__(self) -> None:
        # The first account is the next: whoever was served goes to the end.
        self._queues: dict[UUID, deque[T]] = {}

    def __bool__(self) -> bool:
        return bool(self._queues)

    def accounts(self) -> KeysView[UUID]:
        """Return who waits."""
        return self._queues.keys()

    def add(self, account: UUID, one: T) -> None:
        """Let it wait behind what its account waits with."""
        queue = self._queues.get(account)
        if queue is None:
            self._queues[account] = deque((one,))
        else:
            queue.append(one)

    def peek(self) -> T:
        """Return what is next."""
        return next(iter(self._queues.values()))[0]

    def take(self) -> T:
        """Take what is next."""
        account, queue = next(iter(self._queues.items()))
        one = queue.popleft()
        if not queue:
            del self._queues[account]
        elif len(self._queues) > 1:
            self._queues[account] = self._queues.pop(account)
        return one


class Schedule:
    """Shares the process's one thread: who wants to work for a moment asks for a turn first.

    As long as there is little to do, a turn costs nothing. Beyond `slices` in one turn of the event loop the others
    wait for the next, which also takes in what has arrived meanwhile; so a request of a quiet account never waits
    behind thousands of a loud one. What waits is bounded by the connections.
    """

    def __init__(self, slices: int = SLICES) -> None:
        self._slices = slices
        self._left = slices
        self._waiting: Turns[tuple[asyncio.Future[None], int]] = Turns()
        self._next: asyncio.Handle | None = None

    async def turn(self, account: UUID, slices: int = 1) -> None:
        """Return when it is this account's turn to work without a pause for about so many slices."""
        if self._left > 0 and not self._waiting:
            self._spend(slices)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.add(account, (turn, slices))
        await turn

    def _spend(self, slices: int) -> None:
        self._left -= slices
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        """Begin the next turn of the loop."""
        self._next = None
        self._left = self._slices
        while self._waiting and self._left > 0:
            turn, slices = self._waiting.take()
            if not turn.done():  # whoever waited may have left
                turn.set_result(None)
                self._spend(slices)
