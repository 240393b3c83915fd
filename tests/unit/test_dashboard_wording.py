"""What the dashboard can say is said somewhere."""

import re
from pathlib import Path

import msgspec
import pytest

from services.console import dashboard
from services.console.dashboard.wording import Phrases

HOME = Path(dashboard.__file__).parent
MODULES = [name for name in Phrases.__struct_fields__ if name not in ("language", "locale")]


@pytest.mark.parametrize("module", MODULES)
def test_every_phrase_is_shown_by_a_template_or_a_page(module: str) -> None:
    readers = [*HOME.glob("templates/*.html"), *HOME.glob("*.py"), *HOME.glob("pages/*.py")]
    used = set(re.findall(r"""[.'"]([a-z_]+)""", "".join(path.read_text() for path in readers)))
    (phrases,) = (field.type for field in msgspec.structs.fields(Phrases) if field.name == module)
    assert set(phrases.__struct_fields__) - used == set()
