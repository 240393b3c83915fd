"""A bounded thing shared by accounts: when it runs short, the one that holds most of it is refused first."""

from typing import Final
from uuid import UUID

COMMON: Final = 0.8
"""The part that is whoever's comes first. The rest is for accounts that hold less than an equal share."""


class Shares:
    """Counts what each account holds of `limit`; one account alone may hold all of it."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._held: dict[UUID | None, float] = {}
        self.total = 0.0

    def allows(self, account: UUID | None, amount: float) -> bool:
        """Tell whether an account may take so much more."""
        after = self.total + amount
        if after > self._limit:
            return False
        if after <= self._limit * COMMON:
            return True
        held = self._held.get(account, 0.0)
        accounts = len(self._held) + (account not in self._held)
        return held + amount <= self._limit / accounts

    def take(self, account: UUID | None, amount: float) -> None:
        """Count what it takes."""
        self.total += amount
        self._held[account] = self._held.get(account, 0.0) + amount

    def give_back(self, account: UUID | None, amount: float) -> None:
        """Count what it gives back; who holds nothing any more is forgotten, though it may give nothing back later."""
        self.total -= amount
        left = self._held.get(account, 0.0) - amount
        if left > 0:
            self._held[account] = left
        else:
            self._held.pop(account, None)
