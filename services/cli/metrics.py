"""`bugalou metrics`: the list of all metrics, as a page for operators."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.metrics import DECLARED

_HEAD: Final = """\
# Metrics

Each process serves its metrics at `http://BUGALOU_METRICS_HOST:BUGALOU_METRICS_PORT/metrics`; `bugalou status` lists
the addresses of a local stack. Times are in seconds. A label's values come from a closed set, never from a request.
Besides these, `process_*` and `python_*` tell of the process itself. `make docs` writes this page, from
`shared/metrics.py`.

| name | kind | labels | what it tells |
|---|---|---|---|
"""
_SUFFIX: Final = {"counter": "_total"}


def metrics(*, output: Path | None = None) -> None:
    """Print what every metric tells (Markdown).

    Parameters
    ----------
    output
        Write it to this file instead.
    """
    if output is None:
        print(page(), end="")
    else:
        output.write_text(page())


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    for metric in DECLARED:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{metric.name}{_SUFFIX.get(metric.kind, '')}` | {metric.kind} | {labels} | {metric.help} |"
