"""`deploy/env.example` is the reference of every setting: the same names and defaults as the code's, both ways."""

import importlib
import os
import re
import shlex
from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from environs import FileAwareEnv

from shared.errors import Misconfigured
from shared.settings import PREFIX, read

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "deploy" / "env.example"
SERVICES: Final = sorted(path.parent.name for path in ROOT.glob("services/*/settings.py"))
REQUIRED: Final = {"BUGALOU_DATABASE_URL", "BUGALOU_AMQP_URL"}


def example() -> dict[str, str]:
    """Return the file's variables, read as a shell reads them."""
    return dict(word.split("=", 1) for word in shlex.split(EXAMPLE.read_text(), comments=True))


def recorded(service: str, given: Mapping[str, str], patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what a service reads from an environment that holds these variables alone: names and values."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            patch.delenv(name)
    for name, value in given.items():
        patch.setenv(name, value)
    found: dict[str, Any] = {}

    def fill(env: FileAwareEnv) -> None:
        module: Any = importlib.import_module(f"services.{service}.settings")
        filled: Callable[[FileAwareEnv], object] = module.fill
        filled(env)
        found.update(env.dump())

    read(fill)
    return found


def ranges() -> dict[str, tuple[str, str]]:
    """Return the least and the most that the comment above each number says."""
    found: dict[str, tuple[str, str]] = {}
    comment = ""
    for line in EXAMPLE.read_text().splitlines():
        number = re.fullmatch(r"(BUGALOU_\w+)=\d+(\.\d+)?", line)
        if number:
            said = re.search(r"\b([\d.]*\d)(?: \([^)]*\))? to ([\d.]*\d)\b", comment)
            assert said, f"{line} has no range"
            found[number[1]] = said[1], said[2]
        comment = f"{comment} {line.removeprefix('# ')}" if line.startswith("#") else ""
    return found


def test_every_service_has_settings() -> None:
    assert {"console", "gateway", "notifier", "relay", "worker"} <= set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_the_example_gives_the_defaults(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    required = {name: value for name, value in example().items() if name in REQUIRED}
    assert recorded(service, example(), monkeypatch) == recorded(service, required, monkeypatch)


def test_the_example_names_what_the_services_read_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    read_somewhere = {name for service in SERVICES for name in recorded(service, example(), monkeypatch)}
    assert set(example()) == read_somewhere


def test_each_variable_stands_once_under_its_explanation() -> None:
    lines = EXAMPLE.read_text().splitlines()
    names = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert sorted(names) == sorted(set(names))
    unexplained = [line for above, line in pairwise(lines) if line[:1].isalpha() and not above.startswith("# ")]
    assert unexplained == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_ends_of_every_range_are_accepted(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for end in (0, 1):
        recorded(service, {**example(), **{name: ends[end] for name, ends in ranges().items()}}, monkeypatch)


@pytest.mark.parametrize("name", sorted(ranges()))
def test_what_is_beyond_a_range_is_refused_in_one_line_that_says_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    least, most = ranges()[name]
    step = Decimal("0.001") if "." in least else 1
    readers = [service for service in SERVICES if name in recorded(service, example(), monkeypatch)]
    for service in readers:
        for beyond in (str(Decimal(least) - step), str(int(most) + 1)):
            with pytest.raises(Misconfigured) as caught:
                recorded(service, {**example(), name: beyond}, monkeypatch)
            assert str(caught.value) == (
                f"settings: {name}: Must be greater than or equal to {least} and less than or equal to {most}."
            )


@pytest.mark.parametrize("prefix", ["", "amq.ours", "two words", "x" * 101])
def test_a_prefix_that_the_broker_would_refuse_is_refused(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misconfigured, match="AMQP_PREFIX: must be 1 to 100"):
        recorded("relay", {**example(), "BUGALOU_AMQP_PREFIX": prefix}, monkeypatch)
