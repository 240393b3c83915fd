"""Idempotency-Key and Prefer, as clients write them."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from services.gateway.preferences import idempotency_key, wait_seconds
from shared.http.problems import Problem


def key_of(*values: str) -> str | None:
    return idempotency_key(make_mocked_request("POST", "/", CIMultiDict([("Idempotency-Key", one) for one in values])))


def wait_of(*values: str) -> int | None:
    return wait_seconds(make_mocked_request("POST", "/", CIMultiDict([("Prefer", one) for one in values])))


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("abc", "abc"),
        ('"abc"', "abc"),
        ("  abc  ", "abc"),
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ('"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        (r'"a\"b\\c"', r'a"b\c'),
        ("a b", "a b"),
        ('a"b', 'a"b'),
        ("x" * 255, "x" * 255),
        ('"' + "x" * 255 + '"', "x" * 255),
    ],
)
def test_key_is_read_quoted_or_bare(sent: str, read: str) -> None:
    assert key_of(sent) == read


def test_no_key_is_none() -> None:
    assert key_of() is None


@pytest.mark.parametrize("sent", ["", " ", '""', '"abc', '"a"b"', r'"a\b"', "é", "x" * 256, '"' + "x" * 256 + '"'])
def test_key_in_another_form_is_refused(sent: str) -> None:
    with pytest.raises(Problem) as refused:
        key_of(sent)
    assert (refused.value.status, refused.value.code) == (400, "invalid_idempotency_key")


def test_two_keys_in_one_request_are_refused() -> None:
    with pytest.raises(Problem):
        key_of("abc", "abc")


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        (["wait=5"], 5),
        (["wait=30"], 30),
        (["wait=31"], 30),
        (["wait=999999999"], 30),
        (["wait=0"], 0),
        (['wait="7"'], 7),
        (["WAIT = 7"], 7),
        (["respond-async, wait=10"], 10),
        (["wait=10; foo=bar"], 10),
        (["return=minimal", "wait=3"], 3),
        (["wait=3, wait=9"], 3),
        ([], None),
        (["wait"], None),
        (["wait="], None),
        (["wait=-1"], None),
        (["wait=1.5"], None),
        (["wait=٥"], None),
        (["await=5"], None),
        (["wait=99999999999999"], 30),
    ],
)
def test_wait_is_read_as_rfc_7240_says_and_what_is_not_understood_is_ignored(
    sent: list[str], seconds: int | None
) -> None:
    assert wait_of(*sent) == seconds
