"""Guessing keys is made slow: of one address only so many wrong ones a minute are answered 401, the others 429.

A right key is found before anything is counted: whoever has one never meets this, whoever else has their address.
No answer takes longer than another: a throttled guess is told at once that it was wrong and when to come back.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from msgspec import Struct

MOST_ADDRESSES: Final = 10_000
"""How many addresses are remembered; beyond them, the one that guessed longest ago is forgotten."""


class _Bucket(Struct):
    tokens: float
    filled_at: float


class WrongKeys:
    """Counts the wrong keys of each address, in this process alone: several gateways let as many times more through."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._per_second = per_minute / 60
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def count(self, address: str) -> int | None:
        """Count a wrong key; return after how many seconds to come back if that was one too many, else None."""
        now = self._monotonic()
        bucket = self._buckets.pop(address, None) or _Bucket(self._most, now)
        self._buckets[address] = bucket
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._most, bucket.tokens + (now - bucket.filled_at) * self._per_second)
        bucket.filled_at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return None
        return max(1, math.ceil((1 - bucket.tokens) / self._per_second))
