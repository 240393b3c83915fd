"""Who is served next: everybody in turn, whatever somebody else's endpoint does."""

from uuid import UUID, uuid4

from services.notifier.webhooks.choice import Limits, Underway, choose
from services.notifier.webhooks.delivery import Candidate

LIMITS = Limits(total=16, webhook=4)


def due(webhook: UUID, account: UUID, count: int, *, is_slow: bool = False, in_seconds: float = -1) -> list[Candidate]:
    return [Candidate(webhook, account, uuid4(), is_slow, in_seconds) for _ in range(count)]


def test_a_webhook_gets_its_oldest_first_and_no_more_than_its_share() -> None:
    waiting = due(uuid4(), uuid4(), 9)
    assert choose(waiting, Underway(), LIMITS) == waiting[:4]


def test_what_is_not_due_waits() -> None:
    assert choose(due(uuid4(), uuid4(), 3, in_seconds=0.5), Underway(), LIMITS) == []


def test_a_slow_webhook_gets_one() -> None:
    assert len(choose(due(uuid4(), uuid4(), 9, is_slow=True), Underway(), LIMITS)) == 1


def test_what_is_under_way_counts() -> None:
    underway, webhook, account = Underway(), uuid4(), uuid4()
    for _ in range(3):
        underway.begin(webhook, account, is_slow=False)
    assert len(choose(due(webhook, account, 9), underway, LIMITS)) == 1
    underway.begin(webhook, account, is_slow=False)
    assert underway.full(LIMITS) == [webhook]
    assert choose(due(webhook, account, 9), underway, LIMITS) == []
    for _ in range(4):
        underway.end(webhook, account, is_slow=False)
    assert underway == Underway()


def test_an_account_with_many_webhooks_gets_half_of_all_places() -> None:
    account = uuid4()
    waiting = [one for _ in range(20) for one in due(uuid4(), account, 4)]
    chosen = choose(waiting, Underway(), LIMITS)
    assert len(chosen) == 8
    assert len({one.webhook for one in chosen}) == 8


def test_accounts_take_turns() -> None:
    greedy, modest = uuid4(), uuid4()
    waiting = [one for _ in range(20) for one in due(uuid4(), greedy, 4)] + due(uuid4(), modest, 2)
    chosen = choose(waiting, Underway(), Limits(total=4, webhook=4))
    assert [one.account for one in chosen] == [greedy, modest, greedy, modest]


def test_slow_ones_of_all_accounts_have_half_of_all_places() -> None:
    waiting = [one for _ in range(40) for one in due(uuid4(), uuid4(), 4, is_slow=True)]
    chosen = choose(waiting, Underway(), LIMITS)
    assert len(chosen) == 8
    quick = due(uuid4(), uuid4(), 4)
    underway = Underway()
    for one in chosen:
        underway.begin(one.webhook, one.account, is_slow=True)
    assert choose([*waiting, *quick], underway, LIMITS) == quick


def test_a_single_place_still_serves() -> None:
    assert len(choose(due(uuid4(), uuid4(), 2), Underway(), Limits(total=1, webhook=1))) == 1
