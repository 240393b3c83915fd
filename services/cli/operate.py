"""What every operator's command shares: the database's URL, and errors as one line and an exit code."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console

from services.cli.stack.env_file import read_env
from services.cli.stack.layout import Layout
from shared.database import Database
from shared.errors import BugalouError, InvalidInput, Misconfigured
from shared.schema import HEAD

T = TypeVar("T")
EXIT_INVALID: Final = 2
EXIT_FAILED: Final = 1


def database_url() -> str:
    """Return BUGALOU_DATABASE_URL from the environment, its _FILE, or what `bugalou up` wrote for this checkout."""
    url = os.environ.get("BUGALOU_DATABASE_URL")
    file = os.environ.get("BUGALOU_DATABASE_URL_FILE")
    if not url and file:
        url = Path(file).read_text().strip()
    if not url:
        url = read_env(Layout.at(None).env).get("BUGALOU_DATABASE_URL")
    if not url:
        raise Misconfigured("BUGALOU_DATABASE_URL is not set, and `bugalou up` has not run here")
    return url


@contextlib.asynccontextmanager
async def opened(*, schema: str | None = HEAD) -> AsyncIterator[Database]:
    """Give the database, with its schema checked."""
    database = Database(database_url(), purpose="command line", most=2, schema=schema)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def carry_out(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command's work; what goes wrong becomes one line on standard error and an exit code."""

    async def run() -> T:
        return await work()

    console = Console(stderr=True, highlight=False)
    try:
        return asyncio.run(run())
    except InvalidInput as error:
        console.print(error.message, markup=False, soft_wrap=True, style="bold red")
        sys.exit(EXIT_INVALID)
    except (BugalouError, OSError) as error:
        console.print(str(error), markup=False, soft_wrap=True, style="bold red")
        sys.exit(EXIT_FAILED)
