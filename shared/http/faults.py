"""What is logged of the requests that fail by our fault, or that are refused because something is short."""

import time
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from shared.recent import Recent
from shared.telemetry import log

PAUSE_SECONDS: Final = 1.0
_MOST_REASONS: Final = 64


class FaultLog:
    """Logs a 500 each time, and a 503 once a second for each reason: an overload refuses thousands a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._said: Recent[str, None] = Recent(seconds=PAUSE_SECONDS, most=_MOST_REASONS, clock=clock)
        self._refused: Counter[str] = Counter()

    def note(self, status: int, request_id: str, error: Exception) -> None:
        """Take note of an answer; `requests` in the log is how many were refused since the reason was last logged."""
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request.failed", request=request_id, exc_info=error)
        elif status == HTTPStatus.SERVICE_UNAVAILABLE:
            reason = str(error)
            self._refused[reason] += 1
            if reason not in self._said:
                self._said[reason] = None
                log.warning("request.refused", reason=reason, requests=self._refused.pop(reason))


FAULTS: Final = FaultLog()
"""The process's."""
