"""Token buckets of accounts: what passes, what the headers tell, and what other gateways have let through."""

from uuid import UUID

from shared.rate_limits import RateLimit, RateLimits

ACCOUNT, OTHER = UUID(int=1), UUID(int=2)


class Clock:
    """Time as a test sets it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def limited(clock: Clock, requests_per_second: float = 2, burst: int = 3) -> RateLimits:
    limits = RateLimits(clock)
    limits.set({ACCOUNT: RateLimit(requests_per_second, burst)})
    return limits


def admitted(limits: RateLimits, count: int) -> list[tuple[int, int | None]]:
    """What is left, and how long to wait, after each of so many requests."""
    standings = [limits.admit(ACCOUNT) for _ in range(count)]
    return [(one.remaining, one.retry_after_seconds) for one in standings if one is not None]


def test_account_without_a_limit_has_none() -> None:
    assert limited(Clock()).admit(OTHER) is None
    assert RateLimits().admit(ACCOUNT) is None


def test_burst_passes_at_once_and_then_as_many_as_the_rate_gives() -> None:
    clock = Clock()
    limits = limited(clock)
    assert admitted(limits, 5) == [(2, None), (1, None), (0, None), (0, 1), (0, 1)]
    clock.now = 1.0
    assert admitted(limits, 3) == [(1, None), (0, None), (0, 1)]
    clock.now = 1_000.0
    assert admitted(limits, 4) == [(2, None), (1, None), (0, None), (0, 1)], "no more than a burst is saved up"


def test_headers_tell_when_to_come_back_and_when_the_bucket_is_full() -> None:
    limits = limited(Clock(), requests_per_second=0.1, burst=2)
    standings = [limits.admit(ACCOUNT) for _ in range(3)]
    assert [one.reset_seconds for one in standings if one] == [10, 20, 20]
    assert standings[2] is not None
    assert (standings[2].retry_after_seconds, standings[2].limit.window_seconds) == (10, 20)


def test_gateways_share_what_they_let_through_and_tell_it_once() -> None:
    here, there = limited(Clock()), limited(Clock())
    admitted(here, 4)
    assert here.taken() == {ACCOUNT: 3}, "what was refused was not let through"
    assert here.taken() == {}
    there.take_elsewhere(ACCOUNT, 2)
    assert admitted(there, 2) == [(0, None), (0, 1)]


def test_limit_that_is_changed_leaves_the_bucket_and_one_that_is_gone_takes_it_along() -> None:
    limits = limited(Clock())
    admitted(limits, 3)
    limits.set({ACCOUNT: RateLimit(2, 5)})
    assert admitted(limits, 1) == [(0, 1)]
    limits.set({})
    assert limits.admit(ACCOUNT) is None
    limits.set({ACCOUNT: RateLimit(2, 5)})
    assert admitted(limits, 1) == [(4, None)]
