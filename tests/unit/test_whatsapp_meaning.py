"""What each answer of the Cloud API means, as a table; and who rests because of it."""

import json
from uuid import UUID

import pytest

from services.notifier.channels.whatsapp.cloud_api import Answer
from services.notifier.channels.whatsapp.meaning import DOUBT_SECONDS, is_crowded, outcome_of, reason_of_failure
from services.notifier.channels.whatsapp.rests import Rests
from services.notifier.outcome import PutOff, Resting, Sent, Undeliverable, Unusable, result_of
from tests.whatsapp_server import HTTP_STATUS, error_of

ONE, OTHER = UUID(int=1), UUID(int=2)


def answer(code: int, details: str = "more") -> Answer:
    return Answer(HTTP_STATUS.get(code, 400), json.dumps(error_of(code, details)).encode())


@pytest.mark.parametrize("code", [130429, 131056, 131000, 80007, 131048, 4])
def test_what_passes_by_itself_is_tried_again(code: int) -> None:
    outcome = outcome_of(answer(code))
    assert isinstance(outcome, PutOff)
    assert outcome.reason.startswith(f"{code}: ")
    assert result_of(outcome, 1, 0.5).state == "planned"


@pytest.mark.parametrize("code", [131026, 131047, 131049, 131050, 130472])
def test_whom_whatsapp_does_not_reach_is_reached_otherwise_and_at_once(code: int) -> None:
    outcome = outcome_of(answer(code))
    assert isinstance(outcome, Undeliverable)
    result = result_of(outcome, 1, 0.5, elsewhere=True)
    assert (result.state, result.elsewhere) == ("failed", True)


def test_only_who_has_opted_out_is_suppressed() -> None:
    outcomes = {code: outcome_of(answer(code)) for code in (131026, 131049, 131050)}
    assert [code for code, outcome in outcomes.items() if getattr(outcome, "opted_out", False)] == [131050]


@pytest.mark.parametrize("code", [132000, 132001, 132012, 132015, 132016, 132005, 132007])
def test_a_fault_of_a_template_tells_the_operator_what_to_mend(code: int) -> None:
    outcome = outcome_of(answer(code, "number of params (4) does not match (5)"))
    assert isinstance(outcome, Undeliverable)
    assert "template" in outcome.reason
    assert "(number of params (4) does not match (5))" in outcome.reason


@pytest.mark.parametrize("code", [0, 3, 10, 33, 190, 200, 299, 368, 131005, 131031, 131042, 133010])
def test_an_account_that_is_refused_waits_or_is_replaced_and_never_fails_for_good(code: int) -> None:
    outcome = outcome_of(answer(code))
    assert isinstance(outcome, Unusable)
    assert result_of(outcome, 1, 0.5, elsewhere=True).elsewhere
    assert result_of(outcome, 1, 0.5).state == "planned"


@pytest.mark.parametrize("code", [1, 2, 131016, 131057, 133004])
def test_a_whatsapp_that_is_away_for_an_account_counts_no_attempt(code: int) -> None:
    outcome = outcome_of(answer(code))
    assert isinstance(outcome, Resting)
    assert not result_of(outcome, 1, 0.5).counts


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Unusable), (403, Unusable), (429, PutOff), (500, Resting), (502, Resting), (404, Undeliverable)],
)
def test_an_answer_without_a_code_means_what_its_status_says(status: int, kind: type) -> None:
    for body in (b"", b"<html>", b'{"error": 5}', b"\xff", json.dumps(error_of(999999, "new")).encode(), b"[" * 5000):
        assert isinstance(outcome_of(Answer(status, body)), kind)


def test_a_gateway_s_error_may_come_after_the_message_was_taken() -> None:
    outcome = outcome_of(Answer(504, b"<html>"))
    assert isinstance(outcome, Resting)
    assert outcome.pause_seconds == DOUBT_SECONDS


def test_a_message_is_sent_only_where_the_answer_names_it() -> None:
    taken = b'{"messaging_product":"whatsapp","contacts":[],"messages":[{"id":"wamid.X","message_status":"accepted"}]}'
    assert outcome_of(Answer(200, taken)) == Sent("accepted", "wamid.X")
    for body in (b"", b"{}", b'{"messages":[]}', b'{"messages":[{"id":""}]}', b"<html>Welcome to the hotel's network"):
        assert isinstance(outcome_of(Answer(200, body)), Resting)
    assert isinstance(outcome_of(Answer(302, b"")), Resting)


def test_a_limit_of_the_account_is_told_from_one_of_the_client() -> None:
    assert [code for code in (4, 80007, 130429, 131048, 131056, 131000) if is_crowded(answer(code))] == [
        4,
        80007,
        130429,
        131048,
    ]
    assert is_crowded(Answer(429, b""))


def test_before_another_channel_takes_over_nobody_waits_for_days() -> None:
    states = [result_of(PutOff("later"), attempts, 0.5, elsewhere=True) for attempts in range(1, 6)]
    assert [result.state for result in states] == ["planned"] * 4 + ["failed"]
    assert states[-1].elsewhere
    assert sum(result.pause_seconds for result in states) < 1800


def test_a_message_in_doubt_rests_until_a_status_could_have_come() -> None:
    assert result_of(PutOff("no answer", 120), 1, 0.0).pause_seconds == 120
    assert result_of(PutOff("no answer", 120), 5, 0.5).pause_seconds > 120


def test_a_failure_told_later_has_the_same_words() -> None:
    assert reason_of_failure(131026, "x").startswith("131026: the client's number")
    assert reason_of_failure(5, "Something") == "5: Something"
    assert reason_of_failure(None, "") == "WhatsApp could not deliver it"


def test_accounts_rest_one_by_one_ever_longer_and_until_they_work() -> None:
    rests = Rests()
    assert rests.fails(ONE, now=0, chance=0.5) == 1
    assert rests.fails(ONE, now=0.5, chance=0.5) == 0.5  # of many that fail together, one counts
    assert list(rests.resting(0.9)) == [ONE]
    assert list(rests.resting(1.0)) == []
    assert rests.fails(ONE, now=1, chance=0.5) == 2
    rests.pause(OTHER, now=1, seconds=2)
    assert list(rests.resting(2)) == [ONE, OTHER]
    rests.works(ONE)
    assert list(rests.resting(2)) == [OTHER]
    for number in range(20_000):
        rests.fails(UUID(int=number), now=0, chance=0.5)
    assert len(rests.resting(0.5)) == 10_000
