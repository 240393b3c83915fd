"""Which deliveries are attempted next, so that nobody waits for somebody else's slow endpoint. Pure.

Accounts take turns, and within an account its webhooks. A webhook has a few attempts under way at once, one where it is
slow or failing; an account has half of all places at most, and all slow or failing ones together have half.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct, field

from services.notifier.webhooks.delivery import Candidate

_SLOW_AT_ONCE: Final = 1


class Limits(Struct, frozen=True):
    """How many attempts may be under way at once: in all, and for one webhook."""

    total: int
    webhook: int

    @property
    def half(self) -> int:
        """For one account, and for all that are slow."""
        return max(self.total // 2, 1)


class Underway(Struct):
    """The attempts of this process that are under way."""

    webhooks: Counter[UUID] = field(default_factory=Counter)
    accounts: Counter[UUID] = field(default_factory=Counter)
    slow: int = 0
    total: int = 0

    def begin(self, webhook: UUID, account: UUID, *, is_slow: bool) -> None:
        """Count an attempt."""
        self.webhooks[webhook] += 1
        self.accounts[account] += 1
        self.slow += is_slow
        self.total += 1

    def end(self, webhook: UUID, account: UUID, *, is_slow: bool) -> None:
        """Count it no more."""
        for counter, name in ((self.webhooks, webhook), (self.accounts, account)):
            counter[name] -= 1
            if not counter[name]:
                del counter[name]
        self.slow -= is_slow
        self.total -= 1

    def full(self, limits: Limits) -> list[UUID]:
        """Return the webhooks that have all the attempts that any may have."""
        return [webhook for webhook, count in self.webhooks.items() if count >= limits.webhook]

    def copy(self) -> "Underway":
        """Return one that can be changed by itself."""
        return Underway(self.webhooks.copy(), self.accounts.copy(), self.slow, self.total)


def choose(candidates: Iterable[Candidate], underway: Underway, limits: Limits) -> list[Candidate]:
    """Return which of these (the due ones among them, each webhook's oldest first) are attempted now."""
    planned = underway.copy()
    turns = _turns([candidate for candidate in candidates if candidate.due_in_seconds <= 0])
    chosen: list[Candidate] = []
    while turns and planned.total < limits.total:
        webhooks = turns.popleft()
        one = _take(webhooks, planned, limits)
        if one is None:
            continue  # nothing of this account can begin now
        planned.begin(one.webhook, one.account, is_slow=one.is_slow)
        chosen.append(one)
        turns.append(webhooks)
    return chosen


def _turns(due: Sequence[Candidate]) -> deque[deque[deque[Candidate]]]:
    """Return the due ones of each webhook, by account."""
    accounts: dict[UUID, dict[UUID, deque[Candidate]]] = defaultdict(lambda: defaultdict(deque))
    for candidate in due:
        accounts[candidate.account][candidate.webhook].append(candidate)
    return deque(deque(webhooks.values()) for webhooks in accounts.values())


def _take(webhooks: deque[deque[Candidate]], planned: Underway, limits: Limits) -> Candidate | None:
    """Take the next of an account whose webhook may begin one more; its webhook goes to the end of the line."""
    while webhooks:
        line = webhooks.popleft()
        if line and _may_begin(line[0], planned, limits):
            webhooks.append(line)
            return line.popleft()
    return None


def _may_begin(candidate: Candidate, planned: Underway, limits: Limits) -> bool:
    at_once = _SLOW_AT_ONCE if candidate.is_slow else limits.webhook
    return (
        planned.webhooks[candidate.webhook] < at_once
        and planned.accounts[candidate.account] < limits.half
        and (not candidate.is_slow or planned.slow < limits.half)
    )
