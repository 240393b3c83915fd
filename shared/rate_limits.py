"""How often an account may ask: a token bucket per account that has a limit; accounts without one cost nothing.

Several gateways tell each other what they have let through, so that an account cannot have its limit at each of them.
"""

import math
import time
from collections.abc import Callable, Mapping
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct


class RateLimit(Struct, frozen=True, rename="camel"):
    """So many requests a second in the long run, and so many at once."""

    requests_per_second: Annotated[float, Meta(ge=0.01)]
    burst: Annotated[int, Meta(ge=1)]

    @property
    def window_seconds(self) -> int:
        """How long an empty bucket takes to fill."""
        return max(1, math.ceil(self.burst / self.requests_per_second))


class Standing(Struct, frozen=True):
    """Where an account stands after one more request; `retry_after_seconds` is set where that was one too many."""

    limit: RateLimit
    remaining: int
    reset_seconds: int
    retry_after_seconds: int | None


class _Bucket(Struct):
    tokens: float
    filled_at: float
    taken: int = 0


class RateLimits:
    """The buckets of all accounts that have a limit."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._limits: Mapping[UUID, RateLimit] = {}
        self._buckets: dict[UUID, _Bucket] = {}

    def set(self, limits: Mapping[UUID, RateLimit]) -> None:
        """Take the limits as they are now; an account's bucket stays as full as it was."""
        self._limits = limits
        for account in self._buckets.keys() - limits.keys():
            del self._buckets[account]

    def admit(self, account: UUID) -> Standing | None:
        """Count one request; return where the account stands, or None where it has no limit."""
        limit = self._limits.get(account)
        if limit is None:
            return None
        bucket = self._fill(account, limit)
        retry_after = None
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            bucket.taken += 1
        else:
            retry_after = max(1, math.ceil((1 - bucket.tokens) / limit.requests_per_second))
        reset = math.ceil((limit.burst - bucket.tokens) / limit.requests_per_second)
        return Standing(limit, max(0, int(bucket.tokens)), reset, retry_after)

    def take_elsewhere(self, account: UUID, requests: int) -> None:
        """Count requests that another gateway has let through."""
        limit = self._limits.get(account)
        if limit is not None:
            bucket = self._fill(account, limit)
            bucket.tokens = max(bucket.tokens - requests, -float(limit.burst))

    def taken(self) -> dict[UUID, int]:
        """Return what was let through here since this was last asked."""
        taken = {account: bucket.taken for account, bucket in self._buckets.items() if bucket.taken}
        for account in taken:
            self._buckets[account].taken = 0
        return taken

    def _fill(self, account: UUID, limit: RateLimit) -> _Bucket:
        now = self._monotonic()
        bucket = self._buckets.get(account)
        if bucket is None:
            bucket = self._buckets[account] = _Bucket(float(limit.burst), now)
        earned = (now - bucket.filled_at) * limit.requests_per_second
        bucket.tokens = min(float(limit.burst), bucket.tokens + earned)
        bucket.filled_at = now
        return bucket
