"""The ways out: each takes a rendered message to its recipient and tells what came of it."""

from typing import Protocol

from services.notifier.message import Message
from services.notifier.outcome import Outcome


class Channel(Protocol):
    """Delivers messages; tells every failure by its outcome, raises none."""

    async def deliver(self, message: Message) -> Outcome:
        """Hand one message over."""
        ...

    async def close(self) -> None:
        """Leave the servers; nothing is under way any more."""
        ...
