"""What every operator's command shares: the database's URL, and errors as one line and an exit code."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from rich.console import Console

from services.cli.stack.env_file import read_env
from services.cli.stack.layout import CHECKOUT, Layout
from shared.database import Database
from shared.errors import BugalouError, InvalidInput, Misconfigured
from shared.schema import HEAD
from shared.settings import look_up

T = TypeVar("T")
EXIT_INVALID: Final = 2
EXIT_FAILED: Final = 1


def database_url() -> str:
    """Return BUGALOU_DATABASE_URL from the environment, its _FILE, or what `bugalou up` wrote for this checkout."""
    return setting("DATABASE_URL")


def setting(name: str) -> str:
    """Return one setting, which must be there."""
    value = found_setting(name)
    if not value:
        raise Misconfigured(f"BUGALOU_{name} is not set, and `bugalou up` has not run here")
    return value


def found_setting(name: str) -> str | None:
    """Return one setting of the environment, or else of the stack that `bugalou up` runs in this checkout, or None."""
    # Only looked at, not made: an installed copy may lie where nothing can be written.
    return look_up(name) or read_env(Layout(CHECKOUT / ".local").env).get(f"BUGALOU_{name}")


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
