"""The relay's object graph."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.relay.carrier import Carrier, Maintenance
from services.relay.ladders import Ladders
from services.relay.publication import Publication
from services.relay.reminders import Reminders
from services.relay.repetition import Repetition
from services.relay.settings import Settings
from services.relay.store import Outbox
from services.relay.unconfirmed import Unconfirmed
from shared import dunning, outbox
from shared.broker import BrokerConnection
from shared.database import Database, Listener
from shared.lifecycle import Component
from shared.measuring import Measuring
from shared.metrics import OUTBOX_LAG, Lag
from shared.publisher import Publisher
from shared.schema import HEAD
from shared.topology import Names


@asynccontextmanager
async def graph(settings: Settings) -> AsyncIterator[Sequence[Component]]:
    """Build the relay; components in the order in which they are to stop."""
    names = Names(settings.common.amqp_prefix)
    publishing = BrokerConnection(settings.common.amqp_url, names, "relay publishes")
    database = Database(settings.common.database_url, purpose="relay", most=4, schema=HEAD, by_key=True)
    store = Outbox(database)
    publisher = Publisher(publishing, timeout_seconds=settings.publish_seconds)
    publication = Publication(publisher, names.events)
    carrier = Carrier(store, publication, batch_events=settings.batch_events)
    repetition = Repetition(Unconfirmed(database), publication, batch_events=settings.batch_events)
    maintenance = Maintenance(store, keep_days=settings.keep_days)
    reminders = Reminders(Ladders(database), batch_orders=settings.batch_events)
    listeners = (
        Listener(settings.common.database_url, (outbox.CHANNEL,), carrier.wake),
        Listener(settings.common.database_url, (dunning.CHANNEL,), reminders.wake),
    )
    lag = Lag(OUTBOX_LAG)

    async def measure() -> None:
        lag.measured(await store.lag_seconds())

    measuring = Measuring(measure, every_seconds=settings.common.metrics_seconds)
    yield (*listeners, maintenance, reminders, carrier, repetition, measuring, publishing, database)
