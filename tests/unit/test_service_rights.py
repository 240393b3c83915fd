"""The rights of each service's role in Postgres cover what its code reads and writes."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
ROLES: Final = {
    "gateway": "bugalou_gateway",
    "worker": "bugalou_worker",
    "relay": "bugalou_relay",
    "notifier": "bugalou_notifier",
    "console": "bugalou_console_writer",
}
_READS: Final = re.compile(r"\b(?:FROM|JOIN)\s+(?:ONLY\s+)?([a-z_]+)\b(?!\()")
_SHARED: Final = {"gateway": ("keyring",), "worker": (), "relay": ("dunning",), "notifier": ("dunning",)}
"""The modules of `shared` with SQL that a service runs, the outbox's apart."""
_WRITES: Final = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)\b(?!\()")


def granted() -> dict[str, dict[str, str]]:
    """Return every role's rights by table, of all migrations that give any."""
    rights: dict[str, dict[str, str]] = {}
    for file in sorted((ROOT / "shared" / "migrations" / "versions").glob("0*.py")):
        module: Any = import_module(f"shared.migrations.versions.{file.stem}")
        for role, tables in getattr(module, "RIGHTS", {}).items():
            for table, words in tables.items():
                rights.setdefault(role, {})[table] = f"{rights.get(role, {}).get(table, '')} {words}"
    return rights


def written(service: str) -> set[tuple[str, str]]:
    """Return what a service's SQL does to which tables."""
    texts = [path.read_text() for path in (ROOT / "services" / service).rglob("*.py")]
    if any("add_to_outbox(" in text for text in texts):
        texts.append((ROOT / "shared" / "outbox.py").read_text())
    found = {(match[1].split()[0], match[2]) for text in texts for match in _WRITES.finditer(text)}
    # `ON CONFLICT DO UPDATE SET` and `FOR UPDATE SKIP LOCKED` name no table.
    return {(verb, table) for verb, table in found if table in tables()}


def tables() -> set[str]:
    files = (ROOT / "shared" / "migrations" / "versions").glob("0*.py")
    return {name for file in files for name in re.findall(r"CREATE TABLE (\w+)", file.read_text())}


def test_each_service_may_do_what_its_code_does() -> None:
    rights = granted()
    missing = [
        f"{role}: {verb} {table}"
        for service, role in ROLES.items()
        for verb, table in sorted(written(service))
        if verb not in rights[role].get(table, "")
    ]
    assert missing == []


def test_each_service_may_read_what_its_code_reads() -> None:
    module: Any = import_module("shared.migrations.versions.0015_reading_rights")
    missing = [
        f"{ROLES[service]}: {table}"
        for service in _SHARED
        for table in sorted(read(service))
        if table not in module.READ[ROLES[service]] and table not in module.COLUMNS.get(ROLES[service], "")
    ]
    assert missing == []
    assert "orders" in read("worker")
    assert "settings" in read("relay")


def read(service: str) -> set[str]:
    """Return the tables that a service's SQL reads."""
    files = [*(ROOT / "services" / service).rglob("*.py"), *(ROOT / "shared" / f"{n}.py" for n in _SHARED[service])]
    return {match[1] for file in files for match in _READS.finditer(file.read_text())} & tables()


def test_the_search_finds_what_is_written() -> None:
    assert ("INSERT", "submissions") in written("worker")
    assert ("UPDATE", "orders") in written("console")
    assert written("gateway") == set()
