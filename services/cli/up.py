"""`bugalou up`, `down` and `status`: the whole system on this machine."""

import contextlib
import datetime
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console

from services.cli.stack.detach import detach
from services.cli.stack.env_file import read_env
from services.cli.stack.errors import AlreadyRuns, StackError
from services.cli.stack.fleet import Size
from services.cli.stack.layout import Layout
from services.cli.stack.leftovers import find_leftovers, metrics_address
from services.cli.stack.lock import Lock
from services.cli.stack.session import Say, end, refuse_second, run
from shared.settings import environment


def up(
    *,
    workers: Annotated[int, Parameter(validator=Number(gte=0, lte=64))] = 1,
    gateways: Annotated[int, Parameter(validator=Number(gte=1, lte=64))] = 1,
    port: Annotated[int, Parameter(validator=Number(gte=1, lte=65535))] = 8080,
    detached: Annotated[bool, Parameter(name="--detach", negative=())] = False,
    local: Path | None = None,
) -> None:
    """Start the whole system on this machine and keep it running; Ctrl-C stops it.

    Parameters
    ----------
    workers
        How many workers (they store what was accepted).
    gateways
        How many gateways (they share the port).
    port
        The HTTP port; where it is in use, the next free one is taken.
    detached
        Return when it is ready, and leave it running; `bugalou down` stops it.
    local
        Where data, logs and pid files are kept (default: .local in the checkout).
    """
    console = Console(stderr=True, highlight=False)
    size = Size(workers=workers, gateways=gateways)
    with _one_line_errors(console):
        layout = Layout.at(local)
        refuse_second(layout)

        def task(say: Say, ready: Say) -> None:
            run(layout, size, port, environment(), _logged(layout, say), ready)

        def say(text: str) -> None:
            console.print(text, markup=False, soft_wrap=True)

        if detached:
            print(detach(task, layout.log_file("supervisor"), say), flush=True)
        else:
            task(say, lambda text: print(text, "\nCtrl-C stops it all.", sep="\n", flush=True))


def down(*, local: Path | None = None) -> None:
    """Stop everything that `bugalou up` started here; the data stays.

    Parameters
    ----------
    local
        Where that stack keeps its files (default: .local in the checkout).
    """
    console = Console(stderr=True, highlight=False)
    with _one_line_errors(console):
        end(Layout.at(local), lambda text: console.print(text, markup=False, soft_wrap=True))


def status(*, local: Path | None = None) -> None:
    """Tell what runs here: one line a process, with the address of its metrics.

    Parameters
    ----------
    local
        Where that stack keeps its files (default: .local in the checkout).
    """
    layout = Layout.at(local)
    holder = Lock(layout.lock).holder()
    print(f"running at {read_env(layout.env).get('BUGALOU_URL')}" if holder else "not running")
    for leftover in sorted(find_leftovers(layout), key=lambda found: found.name):
        print(f"{leftover.name:12} {leftover.process.pid:<8} {metrics_address(leftover) or ''}".rstrip())


def _logged(layout: Layout, say: Say) -> Say:
    """Return a `say` that also keeps what was said, with the time."""
    path = layout.log_file("supervisor")

    def both(text: str) -> None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        with path.open("a") as log:
            log.write(f"{now} {text}\n")
        say(text)

    return both


@contextlib.contextmanager
def _one_line_errors(console: Console) -> Iterator[None]:
    """Turn a StackError into its one line and an exit code."""
    try:
        yield
    except AlreadyRuns as error:
        console.print(str(error), markup=False, soft_wrap=True)
        sys.exit(0)
    except StackError as error:
        console.print(str(error), markup=False, soft_wrap=True, style="bold red")
        sys.exit(1)
