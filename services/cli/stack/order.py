"""In which order the processes of the stack are stopped, and how each is asked."""

import re
import signal
from typing import Final

# What takes work in goes first, then those that carry it, then what they need.
STOP_ORDER: Final = ("gateway", "service", "mail", "rabbitmq", "epmd", "postgres")
_SIGNALS: Final = {"postgres": signal.SIGINT}  # a "fast" shutdown: sessions are ended
_SECONDS: Final = {"postgres": 30.0, "rabbitmq": 30.0}


def group_of(name: str) -> str:
    """Return the place in the order of a process: gateway-2 is a gateway, worker-1 and relay are services."""
    kind = re.sub(r"-\d+\Z", "", name)
    return kind if kind in STOP_ORDER else "service"


def stop_signal(name: str) -> signal.Signals:
    """Return the signal that asks the process to leave in order."""
    return _SIGNALS.get(name, signal.SIGTERM)


def stop_seconds(name: str) -> float:
    """Return how long it may take before it is killed."""
    return _SECONDS.get(name, 10.0)
