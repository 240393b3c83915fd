"""The form of API keys, and what a known one may do."""

import zlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.keys import ApiKey, Scope, digest_of, hint_of, is_well_formed, make_key

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def checksum(text: str) -> str:
    """The CRC32 as six digits of base 62, by the specification and not by the code under test."""
    number = zlib.crc32(text.encode())
    return "".join(ALPHABET[number // 62**place % 62] for place in range(5, -1, -1))


@pytest.mark.parametrize(("live", "prefix"), [(True, "bg_live_"), (False, "bg_test_")])
def test_key_is_a_prefix_thirty_random_characters_and_a_checksum(live: bool, prefix: str) -> None:
    key = make_key(live=live)
    assert key.startswith(prefix)
    assert len(key) == len(prefix) + 36
    assert set(key[8:]) <= set(ALPHABET)
    assert key[-6:] == checksum(key[:-6])
    assert is_well_formed(key)


@given(st.text(ALPHABET, min_size=30, max_size=30))
def test_checksum_is_the_padded_crc32_in_base62(random: str) -> None:
    start = f"bg_live_{random}"
    assert is_well_formed(start + checksum(start))


def test_checksum_with_leading_zeros_is_padded() -> None:
    start = next(
        start for start in (f"bg_live_{number:030}" for number in range(10_000)) if checksum(start).startswith("00")
    )
    assert is_well_formed(start + checksum(start))


@given(st.integers(0, 43), st.sampled_from(ALPHABET + "_-é٣ "))
def test_any_typo_of_one_character_is_refused(place: int, character: str) -> None:
    start = "bg_test_" + ALPHABET[:30]
    key = start + checksum(start)
    typo = key[:place] + character + key[place + 1 :]
    assert is_well_formed(typo) == (typo == key)


@pytest.mark.parametrize("change", ["{}\n", " {}", "{} ", "{}0", "x{}", "{}\x00"])
def test_anything_around_a_key_is_refused(change: str) -> None:
    assert not is_well_formed(change.format(make_key(live=True)))


def test_keys_of_another_kind_are_refused() -> None:
    for prefix in ("bg_prod_", "BG_LIVE_", "sk_live_", "bg_live-"):
        start = prefix + "0" * 30
        assert not is_well_formed(start + checksum(start))
    assert not is_well_formed("")


def test_two_keys_never_agree_and_only_digest_and_hint_are_kept() -> None:
    keys = {make_key(live=True) for _ in range(100)}
    assert len(keys) == 100
    assert {len(digest_of(key)) for key in keys} == {32}
    assert all(key[8:-4] not in hint_of(key) for key in keys)


def api_key(*scopes: Scope, expires_at: int | None = None, revoked_at: int | None = None) -> ApiKey:
    return ApiKey(UUID(int=1), UUID(int=2), True, "k", frozenset(scopes), None, expires_at, revoked_at)


def test_key_is_usable_until_the_moment_it_expires() -> None:
    assert api_key().is_usable(10**16)
    assert api_key(expires_at=100).is_usable(99)
    assert not api_key(expires_at=100).is_usable(100)


def test_revoked_key_is_unusable_also_where_the_clock_is_behind() -> None:
    assert not api_key(revoked_at=100).is_usable(99)
    assert not api_key(revoked_at=100, expires_at=200).is_usable(99)


def test_admin_implies_the_other_scopes_and_nothing_implies_admin() -> None:
    assert api_key("admin").allows("orders:read")
    assert api_key("admin").allows("orders:write")
    assert not api_key("orders:read", "orders:write").allows("admin")
    assert not api_key("orders:read").allows("orders:write")
