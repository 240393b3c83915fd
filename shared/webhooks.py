"""Webhooks, as far as several services need to agree on them."""

from typing import Final

CHANNEL: Final = "webhooks"
"""The NOTIFY channel that tells notifiers of events to be sent."""

EVERY_EVENT: Final = "*"
"""In a webhook's list of types of events: all of them, those of the future too."""

TRIED_DAYS: Final = 4
"""For how long an event may be tried (77 hours and the jitter); the outbox keeps events for no less."""

MOST_KEPT_DAYS: Final = 400
"""For how long events may be kept at most, and so be sent again; whose were erased since is remembered for longer."""
