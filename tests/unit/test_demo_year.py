"""The demo data's year: the same for the same seed and day, nothing of it in the future, and no mail address real."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from services.cli.demo.letters import sent_of
from services.cli.demo.year import Tenant, sales, submissions
from shared.orders.moments import to_microseconds

MOMENTS = [
    datetime(2026, 11, 26, 12, tzinfo=UTC),
    datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 59, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
]
TENANT = Tenant(UUID(int=1), True, UUID(int=2))


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_year_is_the_same_each_time_and_ends_now(now: datetime) -> None:
    year = list(sales(1, 200, now))
    assert year == list(sales(1, 200, now))
    assert year != list(sales(2, 200, now))
    assert len({sale.number for sale in year}) == 200
    told = [submission for sale in year for submission in submissions(sale, TENANT)]
    assert len({submission.id for submission in told}) == len(told)
    assert all(submission.silent and submission.received_at < to_microseconds(now) for submission in told)
    assert all(sale.client.email.endswith(".example") for sale in year)
    for sale in year:
        moments = [each.at for each in sale.told]
        assert moments == sorted(moments)
        for sent in sent_of(sale, submissions(sale, TENANT), now):
            assert sent.kind == "confirmation" or sent.at < now


def test_totals_are_the_sums_of_their_items() -> None:
    for sale in sales(3, 100, MOMENTS[0]):
        if not sale.told:
            continue
        fields = sale.told[0].fields
        total = sum(Decimal(item["price"]) * Decimal(item["quantity"]) for item in fields["items"])
        assert total == Decimal(fields["total"])
        assert total > 0
