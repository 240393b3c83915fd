"""A message ready to leave: all that a channel needs, and nothing that it would have to look up."""

from uuid import UUID

from msgspec import Struct

from shared.messages.images import Image
from shared.messages.whatsapp import TemplateMessage
from shared.notifications import Kind


class Message(Struct, frozen=True, kw_only=True):
    """One rendered message; the texts are exactly what is stored and shown, but that the page is kept with its images.

    `notification_id` is the one under which it leaves, and the same whenever it is handed over again.
    """

    account: UUID
    notification_id: UUID
    kind: Kind
    recipient: str
    recipient_name: str | None
    sender_name: str | None
    reply_to: str | None
    language: str
    subject: str
    text: str
    html: str
    template: TemplateMessage | None = None
    images: tuple[Image, ...] = ()


class Claimed(Struct, frozen=True, kw_only=True):
    """A message that this process alone may send now; `attempts` counts this try, `attempt_id` is its proof.

    `trace` is the traceparent of what planned it; `also` are the other notifications that leave with it: invoices of
    the same client in one message; `elsewhere` tells that another channel takes their place where this one cannot
    deliver.
    """

    message: Message
    notification_id: UUID
    attempt_id: UUID
    attempts: int
    lag_seconds: float
    trace: str | None = None
    also: tuple[UUID, ...] = ()
    elsewhere: bool = False
