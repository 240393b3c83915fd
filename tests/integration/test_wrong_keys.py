"""Guessing API keys: slowed down by address, and never in the way of a right key."""

from shared.keys import make_key
from tests.consoles import running_console
from tests.dashboards import visitor_of
from tests.tenant import Tenant

ORDERS = "/api/v1/orders"


async def test_address_that_guesses_is_slowed_down_and_a_right_key_from_it_always_passes(
    account: Tenant, database_url: str
) -> None:
    async with running_console(
        account.live.key, database_url=database_url, HTTP_WRONG_KEYS_PER_MINUTE=5, HTTP_TRUSTED_HOPS=1
    ) as client:

        async def guess(address: str, key: str) -> int:
            answer = await client.ask(
                "GET", ORDERS, headers={"X-API-Key": key, "X-Forwarded-For": f"9.9.9.9, {address}"}
            )
            assert answer.status == 200 or answer.is_problem()
            if answer.status == 429:
                assert answer.document["code"] == "too_many_wrong_keys"
                assert 1 <= int(answer.headers["Retry-After"]) <= 60
            return answer.status

        assert [await guess("6.6.6.6", make_key(live=True)) for _ in range(5)] == [401] * 5
        for key in (make_key(live=True), make_key(live=False), "nonsense", account.live.key[:-1]):
            assert await guess("6.6.6.6", key) == 429
        assert await guess("6.6.6.6", account.live.key) == 200
        assert await guess("6.6.6.6", account.test.key) == 200
        assert await guess("7.7.7.7", "nonsense") == 401, "others are not held to it"
        # Whoever sends no key at all guesses nothing.
        for _ in range(7):
            assert (await client.ask("GET", ORDERS)).status == 401


async def test_guesses_at_the_sign_in_page_count_with_the_api_s_and_a_right_key_always_signs_in(
    account: Tenant, database_url: str
) -> None:
    async with (
        running_console(account.live.key, database_url=database_url, HTTP_WRONG_KEYS_PER_MINUTE=3) as client,
        visitor_of(client.url) as visitor,
    ):
        assert [(await visitor.sign_in(make_key(live=True))).status for _ in range(3)] == [403] * 3
        refused = await visitor.sign_in(make_key(live=True))
        assert refused.status == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert (await client.ask("GET", ORDERS, headers={"X-API-Key": make_key(live=True)})).status == 429
        assert (await visitor.sign_in(account.live.key)).status == 303


async def test_header_of_a_stranger_counts_for_nothing(account: Tenant, database_url: str) -> None:
    async with running_console(account.live.key, database_url=database_url, HTTP_WRONG_KEYS_PER_MINUTE=3) as client:
        statuses = [
            (await client.ask("GET", ORDERS, headers={"X-API-Key": "x", "X-Forwarded-For": f"6.6.6.{number}"})).status
            for number in range(5)
        ]
    assert statuses == [401] * 3 + [429] * 2
