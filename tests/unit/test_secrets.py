"""Secrets at rest: what one of the keys sealed, each process that has it can open."""

import pytest

from shared.errors import Misconfigured, SecretsUnavailable
from shared.secrets import Secrets, generate_key, split_keys
from shared.settings import read, secret_keys

OLD, NEW = generate_key(), generate_key()


def test_a_sealed_secret_opens_and_says_nothing() -> None:
    secrets = Secrets([OLD])
    sealed = secrets.seal("whsec_geheim")
    assert "geheim" not in sealed
    assert secrets.open(sealed) == "whsec_geheim"
    assert secrets.seal("whsec_geheim") != sealed


def test_the_first_key_seals_and_every_key_opens() -> None:
    both = Secrets([NEW, OLD])
    assert both.open(Secrets([OLD]).seal("x")) == "x"
    assert Secrets([NEW]).open(both.seal("x")) == "x"


def test_resealing_puts_a_secret_under_the_first_key_once() -> None:
    both = Secrets([NEW, OLD])
    moved = both.reseal(Secrets([OLD]).seal("x"))
    assert moved is not None
    assert Secrets([NEW]).open(moved) == "x"
    assert both.reseal(moved) is None


def test_without_the_right_key_nothing_opens() -> None:
    sealed = Secrets([OLD]).seal("x")
    for secrets in (Secrets([NEW]), Secrets([])):
        with pytest.raises(SecretsUnavailable, match="BUGALOU_SECRET_KEYS"):
            secrets.open(sealed)
    with pytest.raises(SecretsUnavailable, match="bugalou secrets generate"):
        Secrets([]).seal("x")


def test_keys_are_separated_by_commas_or_lines() -> None:
    assert split_keys(f"{OLD}, {NEW}\n") == split_keys(f"{OLD}\n{NEW}") == (OLD, NEW)
    assert split_keys("") == ()


def test_a_wrong_key_is_refused_by_name_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUGALOU_SECRET_KEYS", f"{OLD},{NEW[:-4]}")
    with pytest.raises(Misconfigured, match="SECRET_KEYS") as caught:
        read(secret_keys)
    assert NEW[:8] not in str(caught.value)
