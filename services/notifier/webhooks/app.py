"""The webhooks' part of the notifier's object graph."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.notifier.settings import WebhookSettings
from services.notifier.webhooks.choice import Limits
from services.notifier.webhooks.claims import Claims
from services.notifier.webhooks.dispatcher import CHANNEL, WebhookDispatcher
from services.notifier.webhooks.endpoint import Endpoints
from services.notifier.webhooks.housekeeping import Housekeeping, Sweeps
from services.notifier.webhooks.records import Records
from shared import webhooks
from shared.addresses import AddressPolicy
from shared.database import Database, Listener
from shared.lifecycle import Component
from shared.measuring import Measuring
from shared.metrics import NOTIFICATIONS_LAG, Lag
from shared.schema import HEAD
from shared.secrets import Secrets
from shared.settings import Common

_CONNECTIONS = 4


def components(settings: WebhookSettings, common: Common, secrets: Secrets) -> Sequence[Component]:
    """Build what delivers to webhooks; components in the order in which they are to stop."""
    database = Database(common.database_url, purpose="notifier webhooks", most=_CONNECTIONS, schema=HEAD, by_key=True)
    claims = Claims(database, lease_seconds=settings.lease_seconds)
    dispatcher = WebhookDispatcher(
        claims,
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
    listener = Listener(common.database_url, (webhooks.CHANNEL,), dispatcher.wake)
    housekeeping = Housekeeping(Sweeps(database, keep_days=settings.keep_days))
    lag = Lag(NOTIFICATIONS_LAG, CHANNEL)

    async def measure() -> None:
        lag.measured(await claims.lag_seconds())

    measuring = Measuring(measure, every_seconds=common.metrics_seconds)
    return (listener, housekeeping, dispatcher, measuring, database)
