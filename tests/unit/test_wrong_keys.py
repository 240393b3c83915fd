"""The count of wrong keys, and whose they are."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from shared.http.clients import TRUSTED_HOPS, client_address
from shared.http.wrong_keys import MOST_ADDRESSES, WrongKeys


class Clock:
    """Time as a test sets it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_guesses_beyond_the_limit_wait_and_come_back_as_fast_as_it_allows() -> None:
    clock = Clock()
    guesses = WrongKeys(60, clock)
    assert [guesses.count("a") for _ in range(62)] == [None] * 60 + [1, 1]
    assert guesses.count("b") is None, "each address has its own"
    clock.now = 2.0
    assert [guesses.count("a") for _ in range(3)] == [None, None, 1]
    clock.now = 600.0
    assert [guesses.count("a") for _ in range(61)] == [None] * 60 + [1]
    assert WrongKeys(1, clock).count("a") is None


def test_slow_limit_says_how_long_to_wait() -> None:
    guesses = WrongKeys(1, Clock())
    assert [guesses.count("a"), guesses.count("a")] == [None, 60]


def test_memory_of_addresses_is_bounded_and_forgets_the_oldest() -> None:
    guesses = WrongKeys(1, Clock())
    assert [guesses.count("first"), guesses.count("first")] == [None, 60]
    for number in range(MOST_ADDRESSES):
        guesses.count(f"{number}")
    assert guesses.count("first") is None
    assert len(guesses._buckets) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, ["6.6.6.6"], "127.0.0.1"),
        (1, [], "127.0.0.1"),
        (1, ["6.6.6.6"], "6.6.6.6"),
        (1, ["6.6.6.6, 7.7.7.7"], "7.7.7.7"),
        (1, ["6.6.6.6", "7.7.7.7"], "7.7.7.7"),
        (2, ["6.6.6.6, 7.7.7.7, 8.8.8.8"], "7.7.7.7"),
        (2, ["8.8.8.8"], "127.0.0.1"),
        (1, ["nonsense"], "127.0.0.1"),
        (1, ["::ffff:7.7.7.7"], "7.7.7.7"),
        (1, ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
    ],
)
def test_client_is_the_peer_or_whom_a_trusted_proxy_names(hops: int, forwarded: list[str], address: str) -> None:
    application = web.Application()
    application[TRUSTED_HOPS] = hops
    headers = [("X-Forwarded-For", value) for value in forwarded]
    request = make_mocked_request("GET", "/", headers=CIMultiDict(headers), app=application)
    assert client_address(request.clone(remote="127.0.0.1")) == address
