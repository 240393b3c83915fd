"""When a delivery is tried again. Pure; the randomness is an argument.

Two clocks, never shared: a message that the server puts off waits by its own attempts, a server that cannot be
reached is asked again by its own failures, however many messages wait for it.
"""

from typing import Final

MESSAGE_SECONDS: Final = (5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400)
"""The pauses after the first, second, ... failed attempt; about three days in all."""

MOST_ATTEMPTS: Final = len(MESSAGE_SECONDS) + 1

MOST_BEFORE_ANOTHER: Final = 5
"""How often a message is tried where another channel can take its place; some fifteen minutes."""

_SERVER_SECONDS: Final = (1, 2, 5, 10, 20, 30)
_SPREAD: Final = 0.2
"""Up to a fifth more or less, so that what failed together does not come back together."""


def message_pause(attempts: int, chance: float, most: int = MOST_ATTEMPTS) -> float | None:
    """Return the seconds until the next attempt after so many, or None to give up; `chance` is from 0 to 1."""
    if attempts >= most:
        return None
    return _spread(MESSAGE_SECONDS[attempts - 1], chance)


def server_pause(failures: int, chance: float) -> float:
    """Return the seconds until a server is asked again after so many failures in a row; `chance` is from 0 to 1."""
    return _spread(_SERVER_SECONDS[min(failures, len(_SERVER_SECONDS)) - 1], chance)


def _spread(seconds: float, chance: float) -> float:
    return seconds * (1 - _SPREAD + 2 * _SPREAD * chance)
