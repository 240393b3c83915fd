"""The rules of the house that no linter knows."""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {
    *("pyproject.toml", "README.md", "services", "shared", "tests", "deploy", "docker-compose.yml"),
    *("Makefile", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("requirements.txt", "requirements-dev.txt"),
}
MOST_LINES = 320


def tracked(*patterns: str) -> list[str]:
    """Return tracked files, and those that would be."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listing.stdout.splitlines() if (ROOT / name).exists()]


def test_the_top_level_is_fixed() -> None:
    found = {Path(name).parts[0] for name in tracked()}
    assert {name for name in found if not name.startswith(".")} <= TOP_LEVEL


def test_the_environment_is_read_in_the_settings_alone() -> None:
    readers = {
        name
        for name in tracked("services/*.py", "shared/*.py")
        if any(
            isinstance(node, ast.Attribute)
            and node.attr in ("environ", "getenv")
            and getattr(node.value, "id", "") == "os"
            for node in ast.walk(ast.parse((ROOT / name).read_text()))
        )
    }
    assert readers == {"shared/settings.py"}


def test_modules_stay_short() -> None:
    long = [
        name for name in tracked("services/*.py", "shared/*.py") if (ROOT / name).read_text().count("\n") > MOST_LINES
    ]
    assert long == []


def test_every_module_says_in_a_sentence_what_it_is() -> None:
    silent = [name for name in tracked("*.py") if not ast.get_docstring(ast.parse((ROOT / name).read_text()))]
    assert silent == []
