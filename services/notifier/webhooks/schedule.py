"""What an endpoint's reply means: for this delivery, and for all others of its webhook. Pure; chance is an argument.

Standard Webhooks 1.0.0: 2xx is success, 3xx is not followed and a failure, 410 disables, 429, 502 and 504 ask to be
left alone, Retry-After is honoured.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from msgspec import Struct

from services.notifier.webhooks.delivery import Reason, Reply

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
PAUSES_SECONDS: Final = (
    *(5.0, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR),
    *(10 * _HOUR, 14 * _HOUR, 20 * _HOUR, 24 * _HOUR),
)
"""The pauses after the first, second, ... failed attempt: ten attempts in a little over three days."""

MOST_ATTEMPTS: Final = len(PAUSES_SECONDS) + 1
_SPREAD: Final = 0.2
"""Up to a fifth more or less, so that what failed together does not come back together."""

THROTTLE_SECONDS: Final = 30.0
"""For how long a webhook rests that asked for it and did not say how long."""
MOST_REST_SECONDS: Final = 24 * _HOUR
"""However long it asks for."""
_THROTTLES: Final = frozenset({429, 502, 504})

FAILING_FOR: Final = timedelta(days=5)
"""A webhook that fails for so long is disabled."""
_FORGOTTEN_AFTER: Final = timedelta(hours=48)
"""Longer than any pause: with no failure for so long, nothing was tried, and what fails now fails anew."""

SLOW_MILLISECONDS: Final = 2000
"""An endpoint that takes longer counts as slow."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What becomes of a delivery, `pause_seconds` until it is tried again; `rest_seconds` holds for its webhook."""

    outcome: Literal["delivered", "retry", "failed"]
    reason: Reason | None = None
    pause_seconds: float = 0.0
    rest_seconds: float = 0.0

    @property
    def disables(self) -> bool:
        """Whether the endpoint says that there is nobody any more."""
        return self.reason == "gone"


def judge(reply: Reply, attempts: int, now: datetime, chance: float) -> Verdict:
    """Return what a reply to the attempt of this number means; `chance`, from 0 to 1, spreads the pauses."""
    reason = _reason_of(reply)
    if reason is None:
        return Verdict(outcome="delivered")
    if reason == "gone":
        return Verdict(outcome="failed", reason=reason)
    asked = _asked_seconds(reply.retry_after, now)
    throttles = reply.status in _THROTTLES or asked is not None
    rest = (THROTTLE_SECONDS if asked is None else asked) if throttles else 0.0
    if attempts >= MOST_ATTEMPTS:
        return Verdict(outcome="failed", reason=reason, rest_seconds=rest)
    pause = PAUSES_SECONDS[attempts - 1] * (1 - _SPREAD + 2 * _SPREAD * chance)
    return Verdict(outcome="retry", reason=reason, pause_seconds=max(pause, rest), rest_seconds=rest)


def failing_since(since: datetime | None, last_failure: datetime | None, now: datetime) -> datetime:
    """Return since when a webhook fails that fails now, and has not succeeded since the failures before."""
    if since is None or last_failure is None or now - last_failure > _FORGOTTEN_AFTER:
        return now
    return since


def _reason_of(reply: Reply) -> Reason | None:
    """Return why a reply is no success, or None where it is one."""
    status = reply.status
    if reply.reason is not None or status is None:
        return reply.reason or "broken_answer"
    if 200 <= status < 300:
        return None
    if status == 410:
        return "gone"
    return "redirect" if 300 <= status < 400 else "status"


def _asked_seconds(retry_after: str | None, now: datetime) -> float | None:
    """Return for how long Retry-After (RFC 9110, section 10.2.3: seconds or a date) asks, within bounds."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError, TypeError, IndexError):  # whatever a date is not
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), MOST_REST_SECONDS)
