"""How often one address may fail to sign in: a bounded memory of those who did."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

MOST_FAILURES: Final = 10
WINDOW_SECONDS: Final = 300.0
MOST_ADDRESSES: Final = 10_000


class Throttle:
    """Counts failed sign-ins by address; beyond the limit even a right key is not looked at until some time passed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, address: str) -> int:
        """Return how long an address has to wait, 0 where it may try."""
        failures = self._failures.get(address) or deque()
        if len(failures) < MOST_FAILURES:
            return 0
        return max(0, int(failures[0] + WINDOW_SECONDS - self._clock()) + 1)

    def failed(self, address: str) -> None:
        """Count a failure; of too many addresses the one that failed longest ago is forgotten."""
        failures = self._failures.pop(address, None) or deque(maxlen=MOST_FAILURES)
        failures.append(self._clock())
        self._failures[address] = failures
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget an address that has shown a right key."""
        self._failures.pop(address, None)
