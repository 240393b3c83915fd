"""Where the programs of PostgreSQL and RabbitMQ are on this machine."""

import re
import shutil
from pathlib import Path
from typing import Final

from services.cli.stack.errors import StackError
from services.cli.stack.layout import CHECKOUT

OLDEST_POSTGRES: Final = 15
OLDEST_RABBITMQ: Final = (3, 10)
PROMTOOL: Final = CHECKOUT / ".local" / "bin" / "promtool"
"""Where `make test` puts the one that it fetches."""
_DEBIAN_POSTGRES: Final = Path("/usr/lib/postgresql")
_DEBIAN_RABBITMQ: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_SYSTEM: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/sbin:/opt/homebrew/bin"


def which(name: str) -> str | None:
    """Find a program on the caller's PATH, or in the folders that a PATH often lacks."""
    return shutil.which(name) or shutil.which(name, path=_SYSTEM)


def find_postgres() -> Path:
    """Return the folder of the highest PostgreSQL's programs (15 or later), else raise StackError."""
    found = {
        int(folder.parent.name): folder
        for folder in _DEBIAN_POSTGRES.glob("*/bin")
        if folder.parent.name.isdigit() and (folder / "initdb").exists() and (folder / "postgres").exists()
    }
    if found:
        newest = max(found)
        if newest < OLDEST_POSTGRES:
            raise StackError(f"PostgreSQL {OLDEST_POSTGRES} or later is needed, found is {newest}.")
        return found[newest]
    initdb = which("initdb")
    if initdb is None:
        raise StackError("PostgreSQL (15 or later) is missing: `make setup` installs it with apt.")
    return Path(initdb).resolve().parent


def find_rabbitmq() -> Path:
    """Return the script that starts RabbitMQ (3.10 or later) in the foreground, else raise StackError."""
    # Debian's own rabbitmq-server on the PATH is a wrapper that insists on root or its user: go past it.
    script = str(_DEBIAN_RABBITMQ) if _DEBIAN_RABBITMQ.exists() else which("rabbitmq-server")
    if script is None:
        raise StackError("RabbitMQ (3.10 or later) is missing: `make setup` installs it with apt.")
    version = rabbitmq_version(Path(script))
    if version and version < OLDEST_RABBITMQ:
        raise StackError(f"RabbitMQ 3.10 or later is needed, found is {version[0]}.{version[1]}.")
    return Path(script)


def rabbitmq_version(script: Path) -> tuple[int, int] | None:
    """Return the version that the installation's folder names, None where it names none."""
    places = [script.resolve(), *script.parent.parent.glob("lib/rabbitmq_server-*")]
    match = re.search(r"rabbitmq(?:_server-|/)(\d+)\.(\d+)", " ".join(map(str, places)))
    return (int(match[1]), int(match[2])) if match else None


def find_browser() -> Path:
    """Return a Chromium, which the browser tests and the pictures of the README use, else raise StackError."""
    found = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise StackError("No Chromium on this machine: install chromium.")
    return Path(found)


def find_epmd() -> Path:
    """Return Erlang's port mapper, which comes with RabbitMQ's Erlang."""
    epmd = which("epmd")
    if epmd is not None:
        return Path(epmd)
    erl = which("erl")
    if erl is not None:
        beside = sorted(Path(erl).resolve().parent.parent.glob("erts-*/bin/epmd"))
        if beside:
            return beside[-1]
    raise StackError("epmd (part of Erlang) is missing: install RabbitMQ from your system's packages.")


def find_promtool() -> Path | None:
    """Return Prometheus's own tester of rules, if there is one."""
    found = which("promtool")
    return Path(found) if found else PROMTOOL if PROMTOOL.exists() else None
