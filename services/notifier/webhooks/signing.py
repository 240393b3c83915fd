"""The headers of a delivery: Standard Webhooks 1.0.0, a signature by each secret that is in force."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook


def signed_headers(event: UUID, secrets: Sequence[str], body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers for a body; `webhook-id` is the event's, the same in every attempt. `now` is in UTC."""
    text = body.decode()
    signatures = [Webhook(secret).sign(str(event), now, text) for secret in secrets]
    return {
        "webhook-id": str(event),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
