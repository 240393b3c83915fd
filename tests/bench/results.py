"""What was measured, as rows: shown as tables, kept as JSON, drawn as a picture."""

import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil
from msgspec import Struct
from rich.console import Console
from rich.table import Table

Value = float | int | str | None


class Result(Struct, kw_only=True):
    """One row: what a contender did in a scenario.

    `values` are shown in their order; `cpu` holds CPU microseconds an order by process. `ratio` is how this system
    compares to the row's contender in the scenario's measure, `goal` what that is meant to be, as text.
    """

    scenario: str
    case: str
    contender: str
    values: dict[str, Value]
    cpu: dict[str, float] = {}
    ratio: float | None = None
    goal: str | None = None
    is_met: bool | None = None


class Report(Struct, kw_only=True):
    """All rows of a run, and the machine that they were measured on."""

    began: str
    machine: dict[str, Any]
    scale: str
    results: list[Result]


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    return {
        "cpus": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_average_before": psutil.getloadavg(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def now() -> str:
    """Return the time, as it stands in names of files."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def show(console: Console, title: str, results: Sequence[Result]) -> None:
    """Print a scenario's rows as a table."""
    if not results:
        return
    names = list(dict.fromkeys(name for result in results for name in result.values))
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False)
    table.add_column("case")
    table.add_column("contender")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("ratio", justify="right")
    table.add_column("goal")
    before = None
    for result in results:
        if before is not None and before != result.case:
            table.add_section()
        case = "" if before == result.case else result.case
        before = result.case
        mark = "" if result.is_met is None else " met" if result.is_met else " NOT met"
        table.add_row(
            case,
            result.contender,
            *(_written(result.values.get(name)) for name in names),
            "" if result.ratio is None else f"{result.ratio:.2f}",
            "" if result.goal is None else f"{result.goal}{mark}",
        )
    console.print(table)
    for result in results:
        parts = [f"{name} {cost:.0f}" for name, cost in sorted(result.cpu.items(), key=_largest) if cost >= 1]
        if parts:
            console.print(f"  CPU us an order, {result.case}, {result.contender}: {', '.join(parts)}", style="dim")
    console.print()


def _largest(part: tuple[str, float]) -> float:
    return -part[1]


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def keep(report: Report, folder: Path) -> Path:
    """Write a report as JSON; return the file."""
    path = folder / f"{report.began}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return path


def draw(report: Report, folder: Path, measure: str) -> Path | None:
    """Draw every row that has `measure` as bars, a panel for each scenario; return the file, None where none has."""
    rows = [result for result in report.results if isinstance(result.values.get(measure), int | float)]
    if not rows:
        return None
    import matplotlib as mpl  # half a second, and only where something is drawn

    mpl.use("Agg")
    from matplotlib import pyplot

    scenarios = list(dict.fromkeys(row.scenario for row in rows))
    heights = [sum(row.scenario == name for row in rows) for name in scenarios]
    figure, axes = pyplot.subplots(
        len(scenarios),
        1,
        figsize=(10, 1.2 * len(scenarios) + 0.3 * sum(heights)),
        squeeze=False,
        gridspec_kw={"height_ratios": heights},
    )
    for axis, scenario in zip(axes[:, 0], scenarios, strict=True):
        own = [row for row in rows if row.scenario == scenario][::-1]
        labels = [f"{row.case} · {row.contender}" for row in own]
        colours = ["#1c7ed6" if row.contender.startswith("bugalou") else "#adb5bd" for row in own]
        bars = axis.barh(range(len(own)), [_number(row.values[measure]) for row in own], color=colours)
        axis.bar_label(bars, labels=[_written(row.values[measure]) for row in own], padding=3, fontsize=8)
        axis.set_yticks(range(len(own)), labels, fontsize=8)
        axis.set_title(scenario, loc="left", fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.12)
    figure.suptitle(f"{measure}, {report.machine['cpus']} CPUs, load generator included", fontsize=11)
    figure.tight_layout()
    path = folder / f"{report.began}-{measure.replace('/', '-per-').replace(' ', '-')}.svg"
    figure.savefig(path)
    pyplot.close(figure)
    return path


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def median(values: Iterable[float]) -> float:
    """Return the middle value; of an even number, the mean of the two in the middle."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
