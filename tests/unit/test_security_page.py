"""`deploy/SECURITY.md` claims nothing that no test holds."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "deploy" / "SECURITY.md").read_text()
TOP_TEN = [f"API{number} " for number in range(1, 11)]


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/\S+?\.py)::(test_\w+)`", PAGE)
    assert len(named) > 20
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert missing == []


def test_every_risk_of_the_top_ten_has_its_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| API")]
    assert [next(risk for risk in TOP_TEN if row.startswith(f"| {risk}")) for row in rows] == TOP_TEN
    assert all("::test_" in row for row in rows)
