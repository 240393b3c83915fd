"""The worker's object graph."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from services.worker.clock import PostgresClock
from services.worker.dead_letters import PREFETCH, DeadLetters
from services.worker.failures import Failures
from services.worker.handler import Handler
from services.worker.intake import Intake
from services.worker.pulse import Pulse
from services.worker.quarantine import Quarantine
from services.worker.replays import Replays
from services.worker.settings import Settings
from services.worker.store import Store
from services.worker.suspects import Suspects
from shared.broadcast import Broadcast
from shared.broker import BrokerConnection, Consumer
from shared.database import Database, Listener
from shared.failures import CHANNEL
from shared.lifecycle import Component
from shared.measuring import Measuring
from shared.publisher import Publisher
from shared.schema import HEAD
from shared.topology import Names, dead_letters_of

_OTHER_CONNECTIONS: Final = 2
"""For failures and replays, and for what is measured: none of them may wait for a batch."""


@asynccontextmanager
async def graph(settings: Settings) -> AsyncIterator[Sequence[Component]]:
    """Build the worker; components in the order in which they are to stop."""
    names = Names(settings.common.amqp_prefix)
    consuming = BrokerConnection(settings.common.amqp_url, names, "worker consumes")
    answering = BrokerConnection(settings.common.amqp_url, names, "worker answers")
    most = settings.transactions + _OTHER_CONNECTIONS
    database = Database(settings.common.database_url, purpose="worker", most=most, schema=HEAD, by_key=True)
    failures = Failures(database)
    handler = Handler(Store(database, most_history=settings.history_submissions), failures)
    publisher = Publisher(answering, timeout_seconds=settings.publish_seconds)
    pulse = Pulse(Broadcast(publisher, names.gateways))
    clock = PostgresClock(database)

    async def measure() -> None:
        await clock.measure()
        await failures.measure_open()

    measuring = Measuring(measure, every_seconds=settings.common.metrics_seconds)
    suspects = Suspects(database)
    quarantine = Quarantine(handler, suspects)
    intake = Intake(
        handler,
        quarantine,
        publisher,
        batch_rows=settings.batch_rows,
        transactions=settings.transactions,
        count=pulse.count,
        clock=clock.now,
    )
    consumer = Consumer(consuming, names.submissions, prefetch=settings.prefetch_messages, accept=intake.accept)
    drains: list[Component] = []
    for queue, place in ((names.submissions, "worker"), (names.notifications, "notifier")):
        dead = DeadLetters(failures, place)
        drains += [Consumer(answering, dead_letters_of(queue), prefetch=PREFETCH, accept=dead.accept), dead]
    replays = Replays(failures, suspects, handler)
    listener = Listener(settings.common.database_url, (CHANNEL,), replays.wake)
    yield (consumer, intake, listener, replays, pulse, *drains, measuring, consuming, answering, database)
