"""Every exchange, queue and binding; whoever connects declares all of it, so that services start in any order.

    <prefix>.submissions           quorum queue   gateways -> workers (default exchange)
    <prefix>.submissions.dead      quorum queue   what no worker could acknowledge; drained into failures
    <prefix>.events                topic exchange relay -> anyone, routing key type.account
    <prefix>.gateways              fanout         workers and gateways -> every gateway's own queue
    <prefix>.notifications         quorum queue   bound to the events that the notifier acts on
    <prefix>.notifications.dead    quorum queue   what no notifier could acknowledge; likewise

A queue's arguments can never change once it exists (406), so only what must not change stands here; limits are
policies.
"""

from typing import Final

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from msgspec import Struct

DELIVERY_LIMIT: Final = 100
"""After so many unacknowledged deliveries a message is dead. RabbitMQ 4 has 20 by default, which a long outage of a
dependency, with its reconnections, can reach; 3.10 has none."""

NOTIFIED_EVENTS: Final = ("payment.paid", "payment.partial", "reminder.due")


class Names(Struct, frozen=True):
    """The names under one prefix; tests use a prefix of their own."""

    prefix: str

    @property
    def submissions(self) -> str:
        """The queue of accepted submissions."""
        return f"{self.prefix}.submissions"

    @property
    def events(self) -> str:
        """The exchange of events."""
        return f"{self.prefix}.events"

    @property
    def gateways(self) -> str:
        """The exchange that reaches every gateway."""
        return f"{self.prefix}.gateways"

    @property
    def notifications(self) -> str:
        """The notifier's queue."""
        return f"{self.prefix}.notifications"


async def declare(channel: AbstractChannel, names: Names) -> None:
    """Declare everything; safe to repeat."""
    events = await channel.declare_exchange(names.events, ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange(names.gateways, ExchangeType.FANOUT, durable=True)
    for queue, arguments in queues(names).items():
        await channel.declare_queue(queue, durable=True, arguments={**arguments})
    # Ensured, it is the queue declared above, whose bindings are made again after a reconnection.
    notifications = await channel.get_queue(names.notifications, ensure=True)
    for event_type in NOTIFIED_EVENTS:
        await notifications.bind(events, f"{event_type}.*")


def dead_letters_of(queue: str) -> str:
    """Return the name of the queue that takes the dead letters of another."""
    return f"{queue}.dead"


def queues(names: Names) -> dict[str, dict[str, str | int]]:
    """Return every queue with its arguments; what takes the dead letters of another comes before it."""
    found: dict[str, dict[str, str | int]] = {}
    quorum: dict[str, str | int] = {"x-queue-type": "quorum", "x-overflow": "reject-publish"}
    for queue in (names.submissions, names.notifications):
        found[dead_letters_of(queue)] = quorum
        found[queue] = {
            **quorum,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": dead_letters_of(queue),
            "x-dead-letter-strategy": "at-least-once",
        }
    return found
