"""Which reminders of one client leave together."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from services.notifier.decision import Cancel, Decision, Send, Wait
from services.notifier.due import Due
from services.notifier.gathering import GATHERING, MOST_INVOICES, gather
from shared.dunning import ASKED
from shared.messages.account import Account
from tests.unit.test_notifier_decision import AWAKE, NOW, OVERDUE, REMINDER, SEND

NONE: frozenset[UUID] = frozenset()
TOMORROW = Wait("held", "client_reminded_today", NOW.replace(hour=23))


def due(number: int, **fields: Any) -> Due:
    return Due(
        notification=replace(REMINDER, id=UUID(int=number), **fields),
        order=OVERDUE,
        account=Account("Studio Jansen", AWAKE),
        now=NOW,
        settle_seconds=5,
        client=UUID(int=99),
    )


def sending(*dues: Due) -> list[tuple[Due, Decision]]:
    return [(one, SEND) for one in dues]


def test_all_that_is_due_leaves_as_one_message_under_the_first_id() -> None:
    first, second, third = due(1), due(2), due(3)
    gathered = gather(sending(first, second, third), [], NONE)
    assert [(one.message_id, one.members) for one in gathered.messages] == [(UUID(int=1), (first, second, third))]
    assert gathered.rest == []


def test_a_client_who_was_reminded_today_is_reminded_tomorrow() -> None:
    gathered = gather(sending(due(1)), [], frozenset({UUID(int=50)}))
    assert (gathered.messages, [verdict for _, verdict in gathered.rest]) == ([], [TOMORROW])


def test_what_a_person_asks_for_twice_a_day_is_told_so() -> None:
    gathered = gather(sending(due(1, event_type=ASKED)), [], frozenset({UUID(int=50)}))
    assert [verdict for _, verdict in gathered.rest] == [Cancel("client_reminded_today")]


def test_what_was_handed_over_before_goes_again_under_its_id_though_the_day_is_its_own() -> None:
    message = UUID(int=50)
    again = [due(2, message_id=message), due(3, message_id=message)]
    gathered = gather(sending(due(1), *again), [], frozenset({message}))
    assert [(one.message_id, one.members) for one in gathered.messages] == [(message, tuple(again))]
    assert [verdict for _, verdict in gathered.rest] == [TOMORROW]


def test_one_waits_for_others_that_have_not_come_to_rest_but_not_for_long() -> None:
    soon = NOW + timedelta(seconds=3)
    gathered = gather(sending(due(1)), [soon], NONE)
    assert (gathered.messages, [verdict for _, verdict in gathered.rest]) == ([], [Wait("planned", "gathering", soon)])
    patient = due(1, created_at=NOW - GATHERING - timedelta(seconds=5))
    assert len(gather(sending(patient), [soon], NONE).messages) == 1


def test_one_waits_for_another_that_is_due_and_settling() -> None:
    settling = Wait("planned", "settling", NOW + timedelta(seconds=3))
    gathered = gather([*sending(due(1)), (due(2), settling)], [], NONE)
    assert [verdict for _, verdict in gathered.rest] == [settling, Wait("planned", "gathering", settling.until)]


def test_what_is_beyond_one_message_waits_for_the_next_day() -> None:
    many = [due(number) for number in range(1, MOST_INVOICES + 3)]
    gathered = gather(sending(*many), [], NONE)
    assert len(gathered.messages[0].members) == MOST_INVOICES
    assert [verdict for _, verdict in gathered.rest] == [TOMORROW] * 2


def test_what_does_not_leave_keeps_its_verdict() -> None:
    paid = (due(2), Cancel("paid"))
    gathered = gather([*sending(due(1)), paid], [], NONE)
    assert len(gathered.messages) == 1
    assert gathered.rest == [paid]
    assert isinstance(SEND, Send)
