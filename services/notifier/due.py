"""A notification that has fallen due, with all that decides about it."""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from services.notifier.notification import Notification
from shared.messages.account import Account
from shared.messages.order import Order
from shared.quiet_times import local_day


class Due(Struct, frozen=True, kw_only=True):
    """What one read of Postgres gave; `order` is None where it was erased.

    `client` stands for the order's client on the channel (a digest), None where there is nobody to reach.
    """

    notification: Notification
    order: Order | None
    account: Account
    now: datetime
    settle_seconds: float
    client: UUID | None = None
    is_suppressed: bool = False
    is_paused: bool = False

    @property
    def lag_seconds(self) -> float:
        """How long ago it fell due; negative where it has not yet."""
        return (self.now - self.notification.due_at).total_seconds()

    @property
    def today(self) -> date:
        """The day where the account is."""
        return local_day(self.now, self.account.settings)
