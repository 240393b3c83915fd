"""The webhooks' part of the notifier's object graph."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.notifier.settings import WebhookSettings
from services.notifier.webhooks.choice import Limits
from services.notifier.webhooks.claims import Claims
from services.notifier.webhooks.dispatcher import WebhookDispatcher
from services.notifier.webhooks.endpoint import Endpoints
from services.notifier.webhooks.housekeeping import Housekeeping, Sweeps
from services.notifier.webhooks.records import Records
from shared import webhooks
from shared.addresses import AddressPolicy
from shared.database import Database, Listener
from shared.lifecycle import Component
from shared.schema import HEAD
from shared.secrets import Secrets

_CONNECTIONS = 4


def components(settings: WebhookSettings, secrets: Secrets, *, database_url: str) -> Sequence[Component]:
    """Build what delivers to webhooks; components in the order in which they are to stop."""
    database = Database(database_url, purpose="notifier webhooks", most=_CONNECTIONS, schema=HEAD)
    dispatcher = WebhookDispatcher(
        Claims(database, lease_seconds=settings.lease_seconds),
        Records(database),
        Endpoints(
            AddressPolicy(settings.allow),
            concurrent=settings.concurrent_sends,
            deadline_seconds=settings.timeout_seconds,
        ),
        secrets,
        limits=Limits(settings.concurrent_sends, settings.endpoint_sends),
        sweep_seconds=settings.sweep_seconds,
        lease_seconds=settings.lease_seconds,
        clock=lambda: datetime.now(UTC),
    )
    listener = Listener(database_url, (webhooks.CHANNEL,), dispatcher.wake)
    housekeeping = Housekeeping(Sweeps(database, keep_days=settings.keep_days))
    return (listener, housekeeping, dispatcher, database)
