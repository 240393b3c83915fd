"""What the console answers, as Structs; its API is described by them, and tests hold them to the real answers."""

from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from msgspec import Meta, Struct, field

from shared.account_settings import AccountSettings
from shared.errors import Fault
from shared.keys import Scope
from shared.orders.documents import Fields, Money, Order, OrderName, Timestamp, Version

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True, rename="camel"):
    """A page of a list; `nextCursor` is null on the last one."""

    data: list[T]
    next_cursor: str | None


class OrderAnswer(Struct, frozen=True):
    """One order."""

    success: Literal[True]
    order: Order


class Submission(Struct, frozen=True, rename="camel"):
    """One submission of an order's history: what it set and cleared, whether it counts, and which events it gave.

    `order.created` and `order.updated` are not among those: they follow from what it set.
    """

    id: UUID
    version: Version
    state: Literal["applied", "stale", "duplicate", "rejected"]
    duplicate_of: UUID | None
    received_at: Timestamp
    occurred_at: Timestamp | None
    api_key: str | None
    sets: Fields
    clears: list[str]
    events: list[Literal["payment.paid", "payment.overdue", "payment.refunded", "order.cancelled", "payment.partial"]]


class Notification(Struct, frozen=True, rename="camel"):
    """One message to one person over one channel; `step` counts a reminder's from 1.

    `sentWith` is the notification whose message told of this one too: several invoices of one client.
    """

    id: UUID
    kind: Literal["confirmation", "reminder"]
    step: int
    channel: str
    state: Literal["planned", "held", "waiting", "sending", "sent", "delivered", "failed", "cancelled", "simulated"]
    reason: str | None
    to: str | None
    due_at: Timestamp
    sent_at: Timestamp | None
    sent_with: UUID | None


class AskedReminder(Struct, frozen=True):
    """The notifications of a reminder that was asked for, one a channel; they become rows in a moment."""

    success: Literal[True]
    notifications: list[Notification]


class PauseAnswer(Struct, frozen=True):
    """Reminders are paused."""

    success: Literal[True]
    paused: Literal[True]


class Suppression(Struct, frozen=True, rename="camel"):
    """An address that nothing is sent to, as it is listed: lower case, or E.164."""

    address: str
    reason: str
    created_at: Timestamp


class SuppressionAnswer(Struct, frozen=True):
    """A suppressed address."""

    success: Literal[True]
    suppression: Suppression


class SettledReceipt(Struct, frozen=True, rename="camel"):
    """Where a submission that is stored stands."""

    id: UUID
    state: Literal["applied", "stale", "duplicate", "rejected"]
    version: Version
    duplicate_of: UUID | None
    reason: str | None
    received_at: Timestamp
    settled_at: Timestamp
    order: OrderName


class ReceiptAnswer(Struct, frozen=True):
    """One receipt."""

    success: Literal[True]
    receipt: SettledReceipt


class MonthOfOverview(Struct, frozen=True, rename="camel"):
    """A month in one currency; null is that of orders without one."""

    month: Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}$")]
    currency: str | None
    count: int
    invoiced: Money
    paid: Money
    open: Money
    overdue: Money
    refunded: Money
    average_days_to_payment: float | None


class Aging(Struct, frozen=True):
    """What is open in one currency, by how many days it is late."""

    currency: str | None
    to_30: Money = field(name="0-30")
    to_60: Money = field(name="31-60")
    to_90: Money = field(name="61-90")
    older: Money = field(name="90+")


class Overview(Struct, frozen=True):
    """What an account has invoiced, was paid, and has open."""

    data: list[MonthOfOverview]
    aging: list[Aging]


class SettingsAnswer(Struct, frozen=True):
    """An account's settings, defaults included."""

    success: Literal[True]
    settings: AccountSettings


SecretState = Literal["set", "not set"]


class WhatsAppAccess(Struct, frozen=True, rename="camel", kw_only=True):
    """An account's access to WhatsApp as it may be shown: of each secret, whether it is set.

    `statusWebhook` is the path, at this origin, that is entered at Meta as the callback URL.
    """

    phone_number_id: str
    api_version: str
    link_base: str | None
    template_names: dict[str, str]
    token: SecretState
    app_secret: SecretState
    verify_token: SecretState
    status_webhook: str


class WhatsAppAnswer(Struct, frozen=True):
    """An account's access to WhatsApp; null where it has none."""

    success: Literal[True]
    whatsapp: WhatsAppAccess | None


class FailureGroup(Struct, frozen=True):
    """How many failures there are of one cause at one place; `reason` is that of one of them."""

    cause: str
    place: str
    count: int
    reason: str
    oldest: Timestamp
    newest: Timestamp


class Failure(Struct, frozen=True, rename="camel", kw_only=True):
    """Something accepted that no retry could settle; `outcome` is the state that its replay led to."""

    id: UUID
    state: Literal["open", "replaying", "replayed"]
    place: str
    cause: str
    reason: str
    submission: UUID | None
    order: OrderName | None
    trace_id: str | None
    created_at: Timestamp
    mended: bool
    replays: int
    notify: bool
    replayed_at: Timestamp | None
    replayed_by: str | None
    outcome: str | None


class WholeFailure(Failure, frozen=True, rename="camel", kw_only=True):
    """A failure with its message; `body` is the order in it as a POST would say it, mended where it has been."""

    message: dict[str, Any] | None
    body: dict[str, Any] | None


class FailureList(Struct, frozen=True, rename="camel"):
    """A page of failures, and how many there are of each cause and place."""

    data: list[Failure]
    groups: list[FailureGroup]
    next_cursor: str | None


class FailureAnswer(Struct, frozen=True):
    """One failure."""

    success: Literal[True]
    failure: WholeFailure


class FailureReplayed(Struct, frozen=True):
    """A failure whose replay is asked for."""

    success: Literal[True]
    failure: Failure
    warnings: list[Fault]


class Key(Struct, frozen=True, rename="camel"):
    """An API key as it may be shown: everything but the key."""

    id: UUID
    name: str
    hint: str
    live: bool
    scopes: list[Scope]
    platforms: list[str] | None
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None


class KeyAnswer(Struct, frozen=True):
    """A key that was just made; `key` is shown this once."""

    success: Literal[True]
    id: UUID
    key: str


class Webhook(Struct, frozen=True, rename="camel"):
    """Where events are sent; `events` is ["*"] for all. What is disabled says why, since when nothing succeeds too."""

    id: UUID
    url: str
    events: list[str]
    description: str | None
    live: bool
    enabled: bool
    disabled_reason: Literal["requested", "gone", "failing", "operator"] | None
    disabled_at: Timestamp | None
    failing_since: Timestamp | None
    paused_until: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class WebhookAnswer(Struct, frozen=True):
    """One webhook."""

    success: Literal[True]
    webhook: Webhook


class NewWebhookAnswer(Struct, frozen=True):
    """A webhook's secret, as Standard Webhooks writes it; it is shown this once."""

    success: Literal[True]
    id: UUID
    secret: Annotated[str, Meta(pattern="^whsec_[A-Za-z0-9+/]+=*$")]


class WebhookAttempt(Struct, frozen=True, rename="camel"):
    """One request to a webhook; `status` and the beginning of the `response` are what it answered, if it did."""

    id: UUID
    event_id: UUID
    event_type: str
    number: int
    started_at: Timestamp
    milliseconds: int | None
    outcome: Literal["delivered", "retry", "failed", "abandoned"]
    status: int | None
    reason: str | None
    response: str | None
    next_try_at: Timestamp | None


class ReplayAnswer(Struct, frozen=True):
    """How many events are sent again; what is on its way already does not count."""

    success: Literal[True]
    replayed: int
