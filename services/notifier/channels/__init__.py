"""The ways out: each takes a rendered message to its recipient and tells what came of it."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from services.notifier.message import Message
from services.notifier.outcome import Outcome


class Channel(Protocol):
    """Delivers messages; tells every failure by its outcome, raises none."""

    def resting(self) -> Sequence[UUID]:
        """Return the accounts that this channel does not serve at the moment: their messages are not to be claimed."""
        ...

    async def deliver(self, message: Message) -> Outcome:
        """Hand one message over."""
        ...

    async def close(self) -> None:
        """Leave the servers; nothing is under way any more."""
        ...
