"""`bugalou rebuild`: orders from their history."""

import sys
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from services.cli.operate import EXIT_FAILED, carry_out, opened
from services.worker.rebuild import Rebuilder

MOST_NAMED = 20


def rebuild(*, account: UUID | None = None, check: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Make the orders again from their history; workers may go on meanwhile, and nobody is notified.

    Parameters
    ----------
    account
        Only this account's orders.
    check
        Change nothing: only tell which rows differ, and exit with 1 if any does.
    """

    async def work() -> tuple[int, list[UUID]]:
        done = 0
        differing: list[UUID] = []
        bar = Progress("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
        async with opened() as database:
            rebuilder = Rebuilder(database)
            with bar:
                task = bar.add_task("orders", total=await rebuilder.count(account))
                async for page in rebuilder.run(account, mend=not check):
                    done += page.orders
                    differing += page.differing
                    bar.advance(task, page.orders)
        return done, differing

    console = Console(stderr=True, highlight=False)
    done, differing = carry_out(work)
    verb = "differ" if check else "differed and were mended"
    print(f"{done} orders folded, {len(differing)} {verb}")
    for order_id in differing[:MOST_NAMED]:
        print(order_id)
    if check and differing:
        sys.exit(EXIT_FAILED)
