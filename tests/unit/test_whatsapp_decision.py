"""When WhatsApp gives way to e-mail before anything is sent, and what a status moves, as tables."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.notifier.decision import Cancel, Decision, HandOver, Send, Wait, decide, takes_over
from services.notifier.due import Due
from services.notifier.status_updates import is_forward
from shared.account_settings import AccountSettings, Channels
from shared.messages.account import Account, TemplateSetup
from tests.unit.test_notifier_decision import AWAKE, NOW, ORDER, OVERDUE, REMINDER, THANKS

BOTH = Channels(email=True, whatsapp=True)
ALONE = Channels(email=False, whatsapp=True)
PHONE = "+31612345678"


def decided(channels: Channels = BOTH, *, reminder: bool = False, **changed: Any) -> Decision:
    """Return what becomes of a notification over WhatsApp; names are fields of the order, or of `Due`."""
    templates = changed.pop("templates", TemplateSetup())
    suppressed, ladder = changed.pop("is_suppressed", False), changed.pop("ladder", AWAKE.ladder)
    settings: AccountSettings = replace(AWAKE, channels=channels, ladder=ladder)
    notification = replace(REMINDER if reminder else THANKS, channel="whatsapp")
    return decide(
        Due(
            notification=notification,
            order=replace(OVERDUE if reminder else ORDER, **{"customer_phone": PHONE, **changed}),
            account=Account("Studio", settings, templates),
            now=NOW,
            settle_seconds=0,
            is_suppressed=suppressed,
        )
    )


@pytest.mark.parametrize("reminder", [True, False])
def test_a_client_with_a_phone_is_written_to_over_whatsapp(reminder: bool) -> None:
    assert decided(reminder=reminder) == Send(PHONE)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"customer_phone": None}, "no_phone"),
        ({"customer_phone": ""}, "no_phone"),
        ({"templates": None}, "not_set_up"),
        ({"is_suppressed": True}, "suppressed"),
        ({"channels": Channels(email=True, whatsapp=False)}, "switched_off"),
    ],
)
def test_e_mail_takes_its_place(changed: dict[str, Any], reason: str) -> None:
    assert decided(**changed) == HandOver(reason)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"is_suppressed": True}, Cancel("suppressed")),
        ({"channels": Channels(email=False, whatsapp=False)}, Cancel("switched_off")),
        # The access may be mended: it waits as one that is put off.
        ({"templates": None}, Send(PHONE)),
    ],
)
def test_with_e_mail_off_nothing_takes_its_place(changed: dict[str, Any], expected: Decision) -> None:
    assert decided(**{"channels": ALONE, **changed}) == expected


def test_nobody_to_reach_waits_for_either_address() -> None:
    waiting = decided(customer_phone=None, customer_email=None)
    assert isinstance(waiting, Wait)
    assert waiting.state == "waiting"
    assert isinstance(decided(ALONE, customer_phone=None), Wait)


def test_what_is_not_to_be_said_is_said_over_no_channel() -> None:
    assert decided(reminder=True, customer_phone=None, payment_status="paid") == Cancel("paid")
    assert decided(reminder=True, ladder=()) == Cancel("switched_off")


def test_nothing_takes_the_place_of_an_e_mail() -> None:
    settings = replace(AWAKE, channels=BOTH)
    assert not takes_over(
        Due(notification=THANKS, order=ORDER, account=Account("Studio", settings), now=NOW, settle_seconds=0)
    )


@pytest.mark.parametrize(
    ("state", "status", "moves"),
    [
        *((state, status, True) for state in ("planned", "sending") for status in ("sent", "delivered", "failed")),
        *(("sent", status, status != "sent") for status in ("sent", "delivered", "failed")),
        *((state, "sent", False) for state in ("delivered", "failed", "cancelled", "simulated")),
        *((state, "delivered", False) for state in ("delivered", "failed", "cancelled", "simulated")),
        *((state, "failed", False) for state in ("delivered", "failed", "cancelled", "simulated")),
    ],
)
def test_a_status_moves_a_notification_only_forward(state: str, status: str, moves: bool) -> None:
    assert is_forward(state, status) == moves


def test_a_failed_try_is_not_the_failure_of_the_next() -> None:
    assert not is_forward("sent", "failed", is_of_another_try=True)
    assert not is_forward("sending", "failed", is_of_another_try=True)
    assert is_forward("sent", "delivered", is_of_another_try=True)
