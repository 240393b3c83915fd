"""`make bench`: measures, shows tables, keeps them as JSON and pictures under .local/bench."""

import asyncio
import importlib
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Annotated, Final, Literal

import cyclopts
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.cli.stack.layout import CHECKOUT
from shared.telemetry import start_logging
from tests.bench.ground import standing
from tests.bench.results import Report, draw, keep, machine, now, show
from tests.bench.scale import SCALES, Scale
from tests.terminating import until_told

SCENARIOS: Final = (
    "startup",
    "singles",
    "batch",
    "worker",
    "latency",
    "waits",
    "relay",
    "notifier",
    "sizes",
    "memory",
)
_WIDTH: Final = 160
"""Of what is written to a file: as wide as the widest table."""
FOLDER: Final = CHECKOUT / ".local" / "bench"


def bench(
    *,
    scale: Annotated[Literal["quick", "full"], Parameter(help="minutes, or an hour and tens of gigabytes")] = "quick",
    only: Annotated[str | None, Parameter(help=f"some of {','.join(SCENARIOS)}, with commas")] = None,
) -> int:
    """Measure this system beside its peers and its floors, on servers that are made for it and gone afterwards."""
    chosen = only.split(",") if only else list(SCENARIOS)
    unknown = [name for name in chosen if name not in SCENARIOS]
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    if unknown:
        console.print(f"There is no {', '.join(unknown)}; there are: {', '.join(SCENARIOS)}", style="bold red")
        return 2
    modules = {name: importlib.import_module(f"tests.bench.scenarios.{name}") for name in chosen}
    FOLDER.mkdir(parents=True, exist_ok=True)
    start_logging("bench", "warning")  # of what runs in this very process
    report = Report(began=now(), machine=machine(), scale=scale, results=[])
    begun = time.monotonic()
    try:
        failed = asyncio.run(until_told(_measure(console, modules, SCALES[scale], report)))
    except asyncio.CancelledError:
        failed = ["all that was not reached"]
    finally:
        files = _keep(report)
    console.print(f"{time.monotonic() - begun:.0f} s; kept in {', '.join(map(str, files))}", soft_wrap=True)
    return 1 if failed else 0


async def _measure(console: Console, modules: dict[str, ModuleType], scale: Scale, report: Report) -> list[str]:
    """Measure one scenario after the other; return those that failed: one that breaks does not take the rest along."""
    failed = []
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[doing]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting PostgreSQL and RabbitMQ", total=len(modules), doing="")
        async with standing(FOLDER / "servers") as ground:
            for name, module in modules.items():
                progress.update(task, description=name, doing="")
                try:
                    rows = await module.run(ground, scale, lambda doing: progress.update(task, doing=doing))
                except Exception as error:  # the edge: whatever went wrong is told, and the rest is measured
                    console.print(f"{name}: {type(error).__name__}: {error}", style="bold red", markup=False)
                    failed.append(name)
                else:
                    report.results += rows
                    show(console, module.TITLE, rows)
                progress.advance(task)
    return failed


def _keep(report: Report) -> list[Path]:
    measures = ("stored/s", "answered/s", "p99 ms")
    files = [keep(report, FOLDER), *(draw(report, FOLDER, measure) for measure in measures)]
    return [file for file in files if file is not None]


if __name__ == "__main__":
    sys.exit(cyclopts.App(default_command=bench)())
