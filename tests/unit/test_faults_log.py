"""The log of failed and refused requests: whatever is short is told, not once for each of thousands of requests."""

from structlog.testing import capture_logs

from shared.errors import Unavailable
from shared.http.faults import PAUSE_SECONDS, FaultLog


def test_a_reason_to_refuse_is_logged_at_once_and_then_once_a_second_with_how_many_it_met() -> None:
    now = 0.0
    faults = FaultLog(lambda: now)
    with capture_logs() as logged:
        for _ in range(1000):
            faults.note(503, "", Unavailable("the backlog is above its limit"))
        faults.note(503, "", Unavailable("the broker is away"))
        now += PAUSE_SECONDS
        faults.note(503, "", Unavailable("the backlog is above its limit"))
    assert [(line["reason"], line["requests"]) for line in logged] == [
        ("the backlog is above its limit", 1),
        ("the broker is away", 1),
        ("the backlog is above its limit", 1000),
    ]


def test_each_failure_of_ours_is_logged_under_the_id_that_the_client_was_told() -> None:
    faults = FaultLog(lambda: 0.0)
    with capture_logs() as logged:
        for request_id in ("one", "two"):
            faults.note(500, request_id, RuntimeError("odd"))
        faults.note(422, "three", ValueError("the client's own"))
    assert [line["request"] for line in logged] == ["one", "two"]
