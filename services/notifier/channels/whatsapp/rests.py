"""Which accounts rest, because their own access does not work: the trouble of one never holds up another's messages."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from services.notifier.backoff import server_pause

_MOST: Final = 10_000
"""Accounts that are remembered; beyond them, the one that failed longest ago is asked again."""


class _Rest(Struct):
    failures: int = 0
    until: float = 0.0


class Rests:
    """Remembers, by account, until when nothing is asked. Times are seconds of a clock that only goes forward."""

    def __init__(self) -> None:
        self._rests: OrderedDict[UUID, _Rest] = OrderedDict()

    def works(self, account: UUID) -> None:
        """Note that an account's access works."""
        self._rests.pop(account, None)

    def fails(self, account: UUID, now: float, chance: float) -> float:
        """Note that an account's access failed; return for how many seconds it rests. Of many at once, one counts."""
        rest = self._of(account)
        if now >= rest.until:
            rest.failures += 1
            rest.until = now + server_pause(rest.failures, chance)
        return rest.until - now

    def pause(self, account: UUID, now: float, seconds: float) -> None:
        """Let an account rest that works, and has had enough for now."""
        rest = self._of(account)
        rest.until = max(rest.until, now + seconds)

    def resting(self, now: float) -> Sequence[UUID]:
        """Return the accounts that rest now."""
        return [account for account, rest in self._rests.items() if rest.until > now]

    def _of(self, account: UUID) -> _Rest:
        rest = self._rests.setdefault(account, _Rest())
        self._rests.move_to_end(account)
        if len(self._rests) > _MOST:
            self._rests.popitem(last=False)
        return rest
