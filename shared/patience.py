"""When to stop trusting a connection that stands and takes nothing. Pure; times in seconds, of any steady clock."""

import random
from typing import Final

_FAILURES: Final = 2
_REFUSED_SECONDS: Final = 2.0
_SILENT_SECONDS: Final = 15.0
"""A channel that is silent while its queue elects a leader (5 seconds, where a node hangs) is better than a new one:
that would ask the node that hangs who leads, until the cluster takes it for dead after a minute."""
_MOST: Final = 8.0


class Patience:
    """Publishes of one kind that fail one after another, and none in between that succeeds, wear it out.

    By kind, since one queue may take nothing while others do. Each time that it is worn out it grows, so that a fault
    that no other connection mends leads to few of them; it is as short as at first once nothing fails any more.
    """

    def __init__(self) -> None:
        self._failing: dict[str, tuple[int, float]] = {}
        """Of each kind, how often it failed and since when. Kinds are few: types of messages."""
        self._times = 1.0
        self._worn_out_at = float("-inf")

    def succeeded(self, kind: str) -> None:
        """Take note of a publish that was confirmed."""
        if kind in self._failing:
            del self._failing[kind]
            if not self._failing:
                self._times = 1.0

    def failed(self, kind: str, begun: float, now: float, *, is_refused: bool) -> bool:
        """Take note of one that was refused, or not answered in time; tell whether to take another connection."""
        failures, since = self._failing.get(kind, (0, begun))
        self._failing[kind] = failures + 1, since
        seconds = self._times * (_REFUSED_SECONDS if is_refused else _SILENT_SECONDS)
        if failures + 1 < _FAILURES or now - max(since, self._worn_out_at) < seconds:
            return False
        self._worn_out_at = now
        # Spread: the clients of one node are worn out together.
        self._times = min(2 * self._times, _MOST) * random.uniform(1, 1.25)  # noqa: S311
        return True
