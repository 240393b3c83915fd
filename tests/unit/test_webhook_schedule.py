"""What endpoints' replies mean, and when something is tried again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.webhooks.delivery import Reply
from services.notifier.webhooks.schedule import (
    MOST_ATTEMPTS,
    MOST_REST_SECONDS,
    THROTTLE_SECONDS,
    failing_since,
    judge,
)
from shared.webhooks import TRIED_DAYS

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MIDDLE = 0.5


def reply(status: int | None, retry_after: str | None = None) -> Reply:
    return Reply(milliseconds=5, status=status, retry_after=retry_after, reason=None if status else "timeout")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_success(status: int) -> None:
    assert judge(reply(status), 1, NOW, MIDDLE).outcome == "delivered"


@pytest.mark.parametrize("status", [None, 300, 301, 304, 307, 400, 404, 409, 429, 500, 502, 503, 504, 599])
def test_all_else_is_tried_again(status: int | None) -> None:
    assert judge(reply(status), 1, NOW, MIDDLE).outcome == "retry"


def test_the_pauses_are_those_promised_and_then_it_is_over() -> None:
    pauses = [judge(reply(500), attempts, NOW, MIDDLE).pause_seconds for attempts in range(1, MOST_ATTEMPTS)]
    hour = 3600
    assert pauses == [5, 300, 1800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour]
    assert judge(reply(500), MOST_ATTEMPTS, NOW, MIDDLE).outcome == "failed"
    assert sum(pauses) * 1.2 < TRIED_DAYS * 86_400


def test_pauses_are_spread_by_a_fifth() -> None:
    assert judge(reply(500), 1, NOW, 0.0).pause_seconds == pytest.approx(4)
    assert judge(reply(500), 1, NOW, 1.0).pause_seconds == pytest.approx(6)


def test_410_disables_and_is_not_tried_again() -> None:
    verdict = judge(reply(410), 1, NOW, MIDDLE)
    assert (verdict.outcome, verdict.disables) == ("failed", True)
    assert not judge(reply(404), 1, NOW, MIDDLE).disables


@pytest.mark.parametrize("status", [429, 502, 504])
def test_throttling_answers_give_the_whole_webhook_a_rest(status: int) -> None:
    verdict = judge(reply(status), 1, NOW, MIDDLE)
    assert (verdict.rest_seconds, verdict.pause_seconds) == (THROTTLE_SECONDS, THROTTLE_SECONDS)
    assert judge(reply(500), 1, NOW, MIDDLE).rest_seconds == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("999999999999", MOST_REST_SECONDS),
        (format_datetime(NOW + timedelta(minutes=10), usegmt=True), 600),
        (format_datetime(NOW - timedelta(minutes=10), usegmt=True), 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MOST_REST_SECONDS),
    ],
)
def test_retry_after_is_honoured_within_bounds(header: str, seconds: float) -> None:
    verdict = judge(reply(503, header), 1, NOW, MIDDLE)
    assert verdict.rest_seconds == seconds
    assert verdict.pause_seconds == max(seconds, 5)


@pytest.mark.parametrize("header", ["soon", "-5", "1.5", "", "٣", "Mon, 99 Foo 2026", "\x00"])
def test_retry_after_that_says_nothing_is_passed_over(header: str) -> None:
    assert judge(reply(503, header), 1, NOW, MIDDLE).rest_seconds == 0


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,8} [+-][0-9]{1,30}"))
def test_no_retry_after_harms_whoever_reads_it(header: str) -> None:
    assert 0 <= judge(reply(503, header), 1, NOW, MIDDLE).rest_seconds <= MOST_REST_SECONDS


def test_failures_count_from_the_first_and_anew_after_two_quiet_days() -> None:
    first, last = NOW - timedelta(days=4), NOW - timedelta(hours=29)
    assert failing_since(None, None, NOW) == NOW
    assert failing_since(first, last, NOW) == first
    assert failing_since(first, NOW - timedelta(days=3), NOW) == NOW
