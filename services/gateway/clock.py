"""The clock that all gateways share: Postgres's, carried on by this machine's monotonic one.

Versions order submissions that come through different gateways, so their hosts' own clocks must not matter: one that is
five minutes off, or is set back, changes nothing here.
"""

import time
from collections.abc import Callable
from typing import Final

from shared.metrics import CLOCK_OFFSET, CLOCK_UNCERTAINTY, watch
from shared.versions import NODES, version_at

MOST_UNCERTAIN_SECONDS: Final = 0.5
"""A measure that took longer may be off by more than clients of two gateways would forgive."""
_FORGET_SECONDS: Final = 300.0
"""After so long a rougher measure replaces a finer one, since clocks drift apart."""
_DRIFT: Final = 0.0006
"""How fast two clocks may drift apart, seconds a second: quartz does 20 us, one that NTP slews up to 500 us."""


class SharedClock:
    """Tells the time in microseconds since 1970, and gives versions that strictly increase in this process.

    `node` (0 to 2047) makes it unlikely that two gateways give the same version; if they do, submission ids decide.
    """

    def __init__(self, node: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._node = node % NODES
        self._monotonic = monotonic
        self._offset: float | None = None
        self._uncertainty = float("inf")
        self._measured_at = 0.0
        self._last = 0
        watch(CLOCK_OFFSET, lambda: time.time() - self.now() / 1_000_000)
        watch(CLOCK_UNCERTAINTY, lambda: self._uncertainty)

    @property
    def is_trusted(self) -> bool:
        """Whether Postgres's clock has been measured well enough to order submissions by it."""
        return self._offset is not None

    def measure(self, sent: float, received: float, now: int) -> None:
        """Take one measure: monotonic seconds before and after asking, and the answer in microseconds since 1970.

        The finest measure counts: it is off by at most half of the time that it took. One that contradicts it beyond
        what both may be off counts at once: Postgres's clock was set, or this machine slept.
        """
        uncertainty = (received - sent) / 2
        if uncertainty > MOST_UNCERTAIN_SECONDS:
            return
        offset = now / 1_000_000 - (sent + uncertainty)
        age = received - self._measured_at
        contradicts = (
            self._offset is not None and abs(offset - self._offset) > uncertainty + self._uncertainty + age * _DRIFT
        )
        if uncertainty <= self._uncertainty or contradicts or age > _FORGET_SECONDS:
            self._offset = offset
            self._uncertainty = uncertainty
            self._measured_at = received

    def now(self) -> int:
        """Return the time in microseconds since 1970; only a trusted clock may be asked."""
        if self._offset is None:
            raise RuntimeError("the shared clock has not been measured")
        return int((self._monotonic() + self._offset) * 1_000_000)

    def next_version(self, now: int) -> int:
        """Return a version of `now`, above all that this clock has given: in a burst, ahead by a microsecond each."""
        self._last = max(now, self._last + 1)
        return version_at(self._last, self._node)
