"""What many trials showed, a line for each scenario."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.faults.trial import Outcome

_HEAD = ("scenario", "runs", "accepted", "lost", "wrong", "doubled", "slowest s", "answers")


def table(outcomes: Iterable[Outcome]) -> str:
    """Return the table as text."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.scenario].append(outcome)
    rows = [_HEAD, *(_row(name, group) for name, group in groups.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(name: str, group: list[Outcome]) -> tuple[str, ...]:
    statuses: Counter[int] = Counter()
    for outcome in group:
        statuses.update(outcome.statuses)
    return (
        name,
        str(len(group)),
        str(sum(outcome.accepted for outcome in group)),
        str(sum(len(outcome.findings.lost) for outcome in group)),
        str(sum(len(outcome.findings.wrong) for outcome in group)),
        str(sum(len(outcome.findings.doubled) for outcome in group)),
        f"{max(outcome.slowest_seconds for outcome in group):.1f}",
        " ".join(f"{status}:{count}" for status, count in sorted(statuses.items())),
    )
