"""A bounded thing that accounts share: all of it for one alone, and never the last of it for the loudest."""

from uuid import UUID

from shared.shares import Shares

LOUD, QUIET, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)


def fill(shares: Shares, account: UUID, amount: float = 1) -> float:
    """Take until it is refused; return how much was taken."""
    taken = 0.0
    while shares.allows(account, amount):
        shares.take(account, amount)
        taken += amount
    return taken


def test_one_account_alone_may_hold_all_of_it() -> None:
    assert fill(Shares(100), LOUD) == 100


def test_the_last_fifth_is_kept_from_the_loudest_once_another_is_there() -> None:
    shares = Shares(100)
    shares.take(QUIET, 1)
    assert fill(shares, LOUD) == 79
    assert fill(shares, QUIET) == 20


def test_what_has_filled_it_alone_lets_others_in_as_it_gives_back() -> None:
    shares = Shares(100)
    fill(shares, LOUD)
    assert not shares.allows(QUIET, 1)
    shares.give_back(LOUD, 10)
    assert not shares.allows(LOUD, 11)
    assert fill(shares, QUIET) == 10


def test_equals_share_equally_up_to_the_limit() -> None:
    shares = Shares(90)
    for account in (LOUD, QUIET, THIRD):
        shares.take(account, 24)
    assert [fill(shares, account) for account in (LOUD, QUIET, THIRD)] == [6, 6, 6]


def test_who_holds_nothing_any_more_takes_no_share() -> None:
    shares = Shares(100)
    shares.take(QUIET, 5)
    shares.give_back(QUIET, 5)
    assert fill(shares, LOUD) == 100


def test_who_took_nothing_may_give_it_back_after_all_else_was() -> None:
    shares = Shares(100)
    for amount in (0, 0, 5):
        shares.take(LOUD, amount)
    for amount in (5, 0, 0):
        shares.give_back(LOUD, amount)
    assert fill(shares, QUIET) == 100
