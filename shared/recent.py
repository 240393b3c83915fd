"""Values that were looked up a moment ago, and are taken for right for some seconds; a bounded number of them."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps at most `most` values, each for `seconds`; `clock` is one that only goes forward."""

    def __init__(self, *, seconds: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        found = self._values.get(key)
        return found is not None and found[0] > self._clock()

    def __getitem__(self, key: K) -> V:
        return self._values[key][1]

    def __setitem__(self, key: K, value: V) -> None:
        self._values[key] = (self._clock() + self._seconds, value)
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)
