"""The command itself: the year goes through the worker's own store, so that history, events and runs are real."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Final
from uuid import UUID

from cyclopts import Parameter
from cyclopts.validators import Number
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from services.cli.demo.letters import add_letters
from services.cli.demo.year import Sale, Tenant, sales, submissions
from services.cli.operate import carry_out, opened, setting
from services.worker.store import Store
from shared.account_settings import read_account_settings
from shared.database import Database
from shared.errors import InvalidInput
from shared.messages.account import Account
from shared.messages.rendering import Renderer
from shared.telemetry import start_logging

USUAL_INVOICES: Final = 180
_BATCH: Final = 100
_ACCOUNT: Final = """
SELECT a.name, s.document::text AS document,
    (SELECT id FROM api_keys WHERE account_id = a.id AND livemode = $2 ORDER BY created_at, id LIMIT 1) AS key,
    EXISTS (SELECT FROM orders WHERE account_id = a.id AND livemode = $2) AS has_orders
FROM accounts AS a LEFT JOIN settings AS s ON s.account_id = a.id WHERE a.id = $1
"""


class Added(Struct, frozen=True):
    """What was stored."""

    invoices: int
    submissions: int
    messages: int


def demo_data(
    account: UUID | None = None,
    /,
    *,
    test: Annotated[bool, Parameter(negative=())] = False,
    invoices: Annotated[int, Parameter(validator=Number(gte=1, lte=1_000_000))] = USUAL_INVOICES,
    seed: int = 1,
    anyway: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Fill an account with a believable year of invoices, payments and messages; nothing of it is sent to anybody.

    Parameters
    ----------
    account
        The account's id (default: the one that `bugalou up` made).
    test
        Fill its test data instead of the live data.
    invoices
        How many.
    seed
        The same seed gives the same year on the same day.
    anyway
        Also where the account holds invoices already.
    """
    console = Console(stderr=True, highlight=False)
    chosen = account
    now = datetime.now(UTC)

    # The store tells each submission that it settles.
    start_logging("demo-data", "warning")

    async def work() -> Added:
        owner = chosen or _uuid(setting("ACCOUNT"))
        async with opened() as database:
            return await fill(
                database, owner, live=not test, invoices=invoices, seed=seed, now=now, anyway=anyway, console=console
            )

    added = carry_out(work)
    print(f"{added.invoices} invoices ({added.submissions} submissions) and {added.messages} messages")


async def fill(
    database: Database,
    account: UUID,
    *,
    live: bool,
    invoices: int,
    seed: int,
    now: datetime,
    anyway: bool,
    console: Console,
) -> Added:
    """Store the year that ends now."""
    async with database.transaction(readonly=True) as connection:
        row = await connection.fetchrow(_ACCOUNT, account, live)
    if row is None or row["key"] is None:
        raise InvalidInput(f"There is no account {account} with a {'live' if live else 'test'} key")
    if row["has_orders"] and not anyway:
        raise InvalidInput("The account holds invoices already: make another for this, or say --anyway")
    sender = Account(row["name"], read_account_settings(row["document"]))
    tenant, store, renderer = Tenant(account, live, row["key"]), Store(database), Renderer()
    bar = Progress("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
    counts = Added(0, 0, 0)
    with bar:
        task = bar.add_task("invoices", total=invoices)
        for batch in _batches(sales(seed, invoices, now)):
            made = [(sale, submissions(sale, tenant)) for sale in batch]
            everything = [submission for _, each in made for submission in each]
            await store.settle(sorted(everything, key=lambda submission: submission.version))
            letters = await add_letters(database, sender, renderer, made, now)
            counts = Added(
                counts.invoices + len(batch), counts.submissions + len(everything), counts.messages + letters
            )
            bar.advance(task, len(batch))
        # Some of those asked for are none yet: that is no reason to look unfinished.
        bar.update(task, total=counts.invoices)
    return counts


def _batches(found: Iterator[Sale]) -> Iterator[list[Sale]]:
    # A sale of which nothing was sent yet is none.
    said = (sale for sale in found if sale.told)
    while batch := list(islice(said, _BATCH)):
        yield batch


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"That is no account's id: {text}") from None
