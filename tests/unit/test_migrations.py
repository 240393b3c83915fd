"""The schema's revisions: one line, forward only, and the services know its end."""

from importlib import import_module
from pathlib import Path
from typing import Any

from shared import migrations
from shared.schema import HEAD

FILES = sorted((Path(migrations.__file__).parent / "versions").glob("0*.py"))
MODULES: list[Any] = [import_module(f"shared.migrations.versions.{file.stem}") for file in FILES]


def test_each_revision_follows_the_one_before_and_has_the_number_of_its_file() -> None:
    numbers = [file.name[:4] for file in FILES]
    assert [module.revision for module in MODULES] == numbers
    assert [module.down_revision for module in MODULES] == [None, *numbers[:-1]]


def test_services_need_the_newest_revision() -> None:
    assert MODULES[-1].revision == HEAD
