"""Which notifications an event asks for."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.notifier.planner import KINDS, Undecodable, plan, read_event
from shared.contracts import Event
from shared.dunning import ASKED
from shared.topology import NOTIFIED_EVENTS

ACCOUNT, ORDER, RUN = UUID(int=1), UUID(int=2), UUID(int=3)


def event(event_type: str, **data: Any) -> Event:
    about = (
        {"reminder": {"cycle": str(RUN), "step": 2}}
        if event_type == "reminder.due"
        else {"submission": {"id": str(RUN)}}
    )
    told = {"order": {"id": str(ORDER), "customerName": "x"}, "changed": [], **about, **data}
    return Event(UUID(int=9), event_type, "2026-11-22T12:00:00Z", ACCOUNT, True, told)


@pytest.mark.parametrize(
    ("event_type", "kind", "step"),
    [("payment.paid", "confirmation", 1), ("payment.partial", "confirmation", 1), ("reminder.due", "reminder", 2)],
)
def test_each_event_plans_one_notification_per_channel(event_type: str, kind: str, step: int) -> None:
    planned = plan(read_event(msgspec.json.encode(event(event_type))), ("email", "whatsapp"))
    assert [(one.kind, one.channel, one.run_id, one.step) for one in planned] == [
        (kind, "email", RUN, step),
        (kind, "whatsapp", RUN, step),
    ]
    assert len({one.id for one in planned}) == 2


def test_the_events_that_lead_to_notifications_are_those_bound_to_the_queue() -> None:
    assert set(KINDS) == set(NOTIFIED_EVENTS)


def test_a_redelivered_event_gives_the_same_ids() -> None:
    assert plan(event("payment.paid"), ("email",))[0].id == plan(event("payment.paid"), ("email",))[0].id


def test_another_run_is_another_notification() -> None:
    other = event("payment.paid", submission={"id": str(UUID(int=4)), "version": "7"})
    assert plan(other, ("email",))[0].id != plan(event("payment.paid"), ("email",))[0].id


def test_a_replay_and_other_events_notify_nobody() -> None:
    assert plan(event("payment.paid", silent=True), ("email",)) == []
    assert plan(event("order.updated"), ("email",)) == []
    assert plan(event("payment.overdue"), ("email",)) == []


def test_a_reminder_that_a_person_asked_for_is_told_apart() -> None:
    asked = event("reminder.due", reminder={"cycle": str(RUN), "step": 1, "asked": True})
    assert plan(asked, ("email",))[0].event_type == ASKED


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[]", b'{"id":"x"}', b'"' * 3, b"[" * 100_000],
)
def test_what_is_no_event_is_told_apart(body: bytes) -> None:
    with pytest.raises(Undecodable):
        read_event(body)


@pytest.mark.parametrize(
    "data", [{"order": None}, {"submission": None}, {"submission": {}}, {"submission": {"id": "x"}}, {"silent": "no"}]
)
def test_an_event_whose_data_is_not_as_agreed_is_told_apart(data: dict[str, Any]) -> None:
    with pytest.raises(Undecodable):
        plan(event("payment.paid", **data), ("email",))


@pytest.mark.parametrize("reminder", [None, {}, {"cycle": str(RUN), "step": 0}, {"cycle": str(RUN), "step": 40_000}])
def test_a_due_reminder_without_its_step_is_told_apart(reminder: Any) -> None:
    with pytest.raises(Undecodable):
        plan(event("reminder.due", reminder=reminder), ("email",))
