"""What is kept for how long, where one thing must outlast another."""

import pytest

from services.notifier.webhooks.housekeeping import ERASURES_DAYS
from services.relay.settings import Settings, fill
from shared.errors import Misconfigured
from tests.settings import settings_of


def keeping(days: int) -> Settings:
    nowhere = {"database_url": "postgresql://u:p@host/db", "amqp_url": "amqp://u:p@host/", "amqp_prefix": "none"}
    return settings_of(fill, **nowhere, RELAY_KEEP_DAYS=days)


def test_whose_events_are_kept_and_who_was_erased_is_remembered_until_the_last_of_them_has_left() -> None:
    assert keeping(400).keep_days < ERASURES_DAYS
    for days in (3, 401, ERASURES_DAYS):
        with pytest.raises(Misconfigured, match="RELAY_KEEP_DAYS"):
            keeping(days)
