"""The notifier's object graph."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from uuid_utils.compat import uuid7

from services.notifier.attempts import Attempts
from services.notifier.channels import Channel
from services.notifier.channels.email import EmailChannel
from services.notifier.channels.smtp import SmtpConnections
from services.notifier.channels.whatsapp.channel import WhatsAppChannel
from services.notifier.channels.whatsapp.cloud_api import CloudApi
from services.notifier.channels.whatsapp.credentials import StoredCredentials
from services.notifier.claims import Claims
from services.notifier.dispatcher import Dispatcher
from services.notifier.ingest import Ingest
from services.notifier.intake import Intake
from services.notifier.plans import Plans
from services.notifier.preparation import Preparation
from services.notifier.settings import Settings
from services.notifier.status_updates import StatusUpdates
from services.notifier.statuses import Statuses
from services.notifier.webhooks.app import components as webhook_components
from services.notifier.webhooks.dispatcher import CHANNEL as WEBHOOK
from shared import notifications
from shared.broker import BrokerConnection, Consumer
from shared.database import Database, Listener
from shared.lifecycle import Component
from shared.measuring import Measuring
from shared.messages.order import ADDRESSES
from shared.messages.rendering import Renderer
from shared.metrics import NOTIFICATIONS_LAG, Lag
from shared.schema import HEAD
from shared.secrets import Secrets
from shared.topology import Names

PLANNED = tuple(ADDRESSES)
"""The channels that reach clients: all are planned for by any notifier."""
CHANNELS = (*PLANNED, WEBHOOK)
"""Every channel there is, served by the notifiers that are told to."""

PULSES = 100


@asynccontextmanager
async def graph(settings: Settings, channels: Sequence[str] = CHANNELS) -> AsyncIterator[Sequence[Component]]:
    """Build a notifier that serves `channels`; components in the order in which they are to stop."""
    names = Names(settings.common.amqp_prefix)
    consuming = BrokerConnection(settings.common.amqp_url, names, "notifier consumes")
    database = Database(settings.common.database_url, purpose="notifier", most=4, schema=HEAD, by_key=True)
    intake = Intake(Plans(database, settle_seconds=settings.settle_seconds), PLANNED)
    consumer = Consumer(consuming, names.notifications, prefetch=settings.prefetch, accept=intake.accept)
    watching = BrokerConnection(settings.common.amqp_url, names, "notifier watches the workers")
    ingest = Ingest(watching, names.submissions)
    pulses = Consumer(
        watching, f"{names.gateways}.{uuid7()}", prefetch=PULSES, accept=ingest.accept, private_to=names.gateways
    )
    claims = Claims(
        database,
        Preparation(Renderer()),
        lease_seconds=settings.lease_seconds,
        settle_seconds=settings.settle_seconds,
        is_behind=ingest.is_behind,
    )
    secrets = Secrets(settings.secret_keys)
    served = {name: channel for name, channel in _channels(settings, database, secrets).items() if name in channels}
    dispatchers = [
        Dispatcher(
            name,
            channel,
            claims,
            Attempts(database),
            concurrent=settings.concurrent_sends,
            sweep_seconds=settings.sweep_seconds,
            lease_seconds=settings.lease_seconds,
        )
        for name, channel in served.items()
    ]

    def wake() -> None:
        for dispatcher in dispatchers:
            dispatcher.wake()

    statuses = Statuses(StatusUpdates(database))
    told = Listener(settings.common.database_url, (notifications.STATUSES_CHANNEL,), statuses.wake)
    told_of = (told, statuses) if "whatsapp" in served else ()

    lags = {name: Lag(NOTIFICATIONS_LAG, name) for name in served}

    async def measure() -> None:
        for name, lag in lags.items():
            lag.measured(await claims.lag_seconds(name))

    measuring = Measuring(measure, every_seconds=settings.common.metrics_seconds)
    listener = Listener(settings.common.database_url, (notifications.CHANNEL,), wake)
    webhooks: Sequence[Component] = ()
    if WEBHOOK in channels:
        webhooks = webhook_components(settings.webhooks, settings.common, secrets)
    components: tuple[Component, ...] = (consumer, intake, listener, *dispatchers, *told_of, *webhooks)
    yield (*components, measuring, pulses, ingest, consuming, watching, database)


def _channels(settings: Settings, database: Database, secrets: Secrets) -> dict[str, Channel]:
    sender = settings.mail_from
    email = EmailChannel(
        SmtpConnections(settings.smtp, own_name=sender.domain),
        sender,
        deadline_seconds=settings.deadline_seconds,
        clock=lambda: datetime.now(UTC),
    )
    api = CloudApi(
        settings.whatsapp_url,
        timeout_seconds=settings.whatsapp_timeout_seconds,
        connections=settings.concurrent_sends,
    )
    whatsapp = WhatsAppChannel(api, StoredCredentials(database, secrets))
    return {"email": email, "whatsapp": whatsapp}
