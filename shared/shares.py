"""A bounded thing shared by accounts: when it runs short, the one that holds most of it is refused first."""

from typing import Final
from uuid import UUID

from msgspec import Struct

COMMON: Final = 0.8
"""The part that is whoever's comes first. The rest is for accounts that hold less than an equal share."""


class _Share(Struct):
    held: float = 0.0


class Shares:
    """Counts what each account holds of `limit`; one account alone may hold all of it."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._shares: dict[UUID | None, _Share] = {}
        self.total = 0.0

    def allows(self, account: UUID | None, amount: float) -> bool:
        """Tell whether an account may take so much more."""
        after = self.total + amount
        if after > self._limit:
            return False
        if after <= self._limit * COMMON:
            return True
        share = self._shares.get(account)
        held = 0.0 if share is None else share.held
        accounts = len(self._shares) + (share is None)
        return held + amount <= self._limit / accounts

    def take(self, account: UUID | None, amount: float) -> None:
        """Count what it takes."""
        self.total += amount
        share = self._shares.get(account)  # looked up once: a UUID is hashed in Python, a dozen times an order it shows
        if share is None:
            share = self._shares[account] = _Share()
        share.held += amount

    def give_back(self, account: UUID | None, amount: float) -> None:
        """Count what it gives back; who holds nothing any more is forgotten, though it may give nothing back later."""
        self.total -= amount
        share = self._shares.get(account)
        if share is not None:
            share.held -= amount
            if share.held <= 0:
                del self._shares[account]
