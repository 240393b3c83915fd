"""Events on the exchange: many published at once, and what came of each."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from services.relay.watch import Unsent
from shared.errors import NotTaken
from shared.metrics import CARRIED
from shared.publisher import Message
from shared.topology import NOTIFIED_EVENTS
from shared.traces import of_event


class Publishes(Protocol):
    """Publishes many messages at once."""

    async def publish_all(
        self, messages: Sequence[Message], *, exchange: str, within_seconds: float | None
    ) -> list[BaseException | None]:
        """Return, of each, None where it is confirmed, else what went wrong: `NotTaken` where the broker is there."""
        ...


class Published(Struct, frozen=True):
    """Events that the broker has confirmed, those that it was there for and did not, and what else went wrong."""

    confirmed: list[Unsent]
    not_taken: list[Unsent]
    error: BaseException | None


class Publication:
    """Publishes events to the exchange."""

    def __init__(self, publisher: Publishes, exchange: str) -> None:
        self._publisher = publisher
        self._exchange = exchange

    async def publish(self, events: Sequence[Unsent], within_seconds: float | None = None) -> Published:
        """Publish events at once, for so long at most, and return what came of them."""
        messages = [_message(event) for event in events]
        outcomes = await self._publisher.publish_all(messages, exchange=self._exchange, within_seconds=within_seconds)
        results = list(zip(events, outcomes, strict=True))
        errors = (error for _, error in results if error is not None and not isinstance(error, NotTaken))
        published = Published(
            confirmed=[event for event, error in results if error is None],
            not_taken=[event for event, error in results if isinstance(error, NotTaken)],
            error=next(errors, None),
        )
        for event_type, count in Counter(event.type for event in published.confirmed).items():
            CARRIED.labels(event_type).inc(count)
        return published


def _message(event: Unsent) -> Message:
    return Message(
        event.body,
        routing_key=f"{event.type}.{event.account}",
        message_id=str(event.id),
        content_type="application/json",
        message_type=event.type,
        # Most types have no subscriber, and need none; those that the notifier acts on must reach a queue.
        mandatory=event.type in NOTIFIED_EVENTS,
        trace=of_event(event.body),
    )
