"""`deploy/env.example` is the reference of every setting: the same names and defaults as the code's, both ways."""

import importlib
import os
import shlex
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from environs import FileAwareEnv

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
