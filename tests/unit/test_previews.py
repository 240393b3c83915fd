"""Every message of an account, shown of one order."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from shared.account_settings import AccountSettings
from shared.messages.account import Account
from shared.messages.previews import TONES, previews, sample_order
from shared.messages.rendering import Renderer

ACCOUNT = Account("Studio Jansen", AccountSettings(iban="NL91ABNA0417164300"))
ORDER = sample_order(date(2026, 11, 22))


def test_every_message_there_is_can_be_seen() -> None:
    found = previews(ACCOUNT, ORDER)
    assert [one.name for one in found] == ["thanks", "part-payment", *TONES, "several"]
    assert len({one.letter.subject for one in found}) == len(found)


@pytest.mark.parametrize("status", ["paid", "refunded", "pending", "overdue", None])
@pytest.mark.parametrize(
    "missing", [{}, {"total": None}, {"total": Decimal(-50)}, {"currency": None}, {"due_date": None}]
)
def test_whatever_the_order_is_all_of_it_is_shown(status: str | None, missing: dict[str, Any]) -> None:
    renderer = Renderer()
    for one in previews(ACCOUNT, replace(ORDER, payment_status=status, **missing)):
        rendered = renderer.render(one.letter)
        assert "None" not in rendered.text + rendered.html
