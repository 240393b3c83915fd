"""`bugalou failures`: what was accepted and no retry could settle; seen, mended, replayed, discarded."""

import asyncio
import getpass
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar
from uuid import UUID

import cyclopts
import msgspec
from cyclopts import Parameter

from services.cli.operate import EXIT_FAILED, carry_out, opened
from services.console import failures as stored
from services.console.failure_message import NOT_MENDABLE, read_mended
from services.console.failures import STATES, Choice, Owner, view, view_whole
from services.console.orders import Shown
from services.console.paging import Paging
from shared.database import Database
from shared.errors import InvalidInput
from shared.http.problems import Problem
from shared.settings import environment

app = cyclopts.App(name="failures", help="What was accepted and no retry could settle: see it, mend it, replay it.")
Switch = Annotated[bool, Parameter(negative=())]
T = TypeVar("T")


@Parameter(name="*")  # a dataclass, since cyclopts knows no Structs
@dataclass(frozen=True)
class Chosen:
    """Which failures a command is about, where it names none by its id."""

    cause: str | None = None
    """All open ones of this cause."""
    place: str | None = None
    """All open ones of this place."""
    all_: Annotated[bool, Parameter(name="--all", negative=())] = False
    """All open ones."""


BY_ID: Final = Chosen()
MOST_LISTED: Final = 200
MOST_AT_ONCE: Final = 100_000
_PAUSE_SECONDS: Final = 0.2
_OPEN: Final = ("open",)
_UNSETTLED: Final = {"open": "failed again", "replaying": "still waiting for a worker"}


@app.command(name="list")
def list_(
    *,
    account: UUID | None = None,
    cause: str | None = None,
    place: str | None = None,
    all_: Annotated[bool, Parameter(name="--all", negative=())] = False,
    json: Switch = False,
) -> None:
    """List failures: how many of each cause, then the newest, one a line.

    Parameters
    ----------
    account
        Only this account's.
    cause
        Only those of this cause.
    place
        Only those of this place: worker, notifier.
    all_
        Also those that have been replayed.
    json
        Print {"groups", "data"} for a program.
    """
    choice = Choice(STATES if all_ else Choice().states, cause, place)

    async def work(database: Database) -> tuple[list[Shown], list[Shown]]:
        async with database.transaction(readonly=True) as connection:
            page = await stored.read_page(connection, Owner(account), choice, Paging(limit=MOST_LISTED))
            groups = await stored.read_groups(connection, Owner(account), choice)
        return groups, [view(row) for row in page.rows]

    groups, rows = _carry_out(work)
    if json:
        print(msgspec.json.encode({"groups": groups, "data": rows}).decode())
        return
    for group in groups:
        print(f"{group['count']:>8}  {group['place']}  {group['cause']}  {group['reason']}")
    for row in rows:
        order = f"{row['order']['platform']} {row['order']['orderNumber']}" if row["order"] else "no order"
        print(f"{row['id']}  {row['createdAt'][:19]}  {row['state']}  {row['place']}  {row['cause']}  {order}")
    if not rows:
        print("no failures")


@app.command
def show(failure: UUID, /, *, json: Switch = False) -> None:
    """Show a failure with its message; it holds personal data.

    Parameters
    ----------
    failure
        The failure's id.
    json
        Print one line for a program.
    """

    async def work(database: Database) -> tuple[Shown, bytes]:
        async with database.transaction(readonly=True) as connection:
            row = await stored.read_one(connection, Owner(), failure)
        if row is None:
            raise stored.failure_not_found()
        return view_whole(row), row["body"]

    shown, body = _carry_out(work)
    if shown["message"] is None:
        # Nobody can read it: its bytes, for whoever can make something of them.
        shown = {**shown, "bytes": body[: 64 * 1024].hex()}
    encoded = msgspec.json.encode(shown)
    print((encoded if json else msgspec.json.format(encoded, indent=2)).decode())


@app.command
def edit(failure: UUID, /, *, body: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None) -> None:
    """Mend the order that failed, in your editor or from a file; `bugalou failures replay` then settles it.

    It is checked as a POST of it would be.

    Parameters
    ----------
    failure
        The failure's id.
    body
        A file with the whole mended order as JSON, - for standard input (default: it opens in $EDITOR).
    """

    async def work(database: Database) -> None:
        async with database.transaction(readonly=True) as connection:
            row = await stored.read_one(connection, Owner(), failure)
        if row is None:
            raise stored.failure_not_found()
        current = view_whole(row)["body"]
        if current is None:
            raise InvalidInput(NOT_MENDABLE)
        draft = read_mended(_written(body, current), time.time_ns() // 1000)
        async with database.transaction() as connection:
            await stored.mend(connection, Owner(), failure, draft)
        for warning in draft.warnings:
            print(f"{warning.pointer} {warning.message}", file=sys.stderr)

    _carry_out(work)
    print(f"{failure} is mended: bugalou failures replay {failure}")


@app.command
def replay(
    *failures: UUID,
    chosen: Chosen = BY_ID,
    notify: Switch = False,
    wait: float = 15.0,
) -> None:
    """Replay failures: workers settle them anew, silently unless --notify; each counts once however often.

    Parameters
    ----------
    failures
        Their ids; or choose with --cause, --place or --all.
    notify
        Let clients be told of what the replay changes. Events of the notifier are replayed with it alone.
    wait
        How many seconds to wait for the workers.
    """

    async def work(database: Database) -> tuple[Counter[str], int]:
        ids = await _chosen(database, failures, chosen)
        asked = []
        for failure_id in ids:
            try:
                async with database.transaction() as connection:
                    await stored.ask_replay(connection, Owner(), failure_id, by=_operator(), notify=notify)
                asked.append(failure_id)
            except Problem as problem:
                print(f"{failure_id} {problem.error}", file=sys.stderr)
        await _settled(database, asked, wait)
        return await _outcomes(database, asked), len(ids) - len(asked)

    counts, refused = _carry_out(work)
    for outcome, count in sorted(counts.items()):
        print(f"{count} {outcome}")
    if not counts and not refused:
        print("no failures")
    if refused or any(counts[outcome] for outcome in _UNSETTLED.values()):
        sys.exit(EXIT_FAILED)


@app.command
def discard(
    *failures: UUID,
    chosen: Chosen = BY_ID,
) -> None:
    """Take failures off the list for good; what they hold was accepted from somebody, and will not be settled.

    Parameters
    ----------
    failures
        Their ids; or choose with --cause, --place or --all.
    """

    async def work(database: Database) -> int:
        ids = await _chosen(database, failures, chosen)
        for failure_id in ids:
            async with database.transaction() as connection:
                await stored.discard(connection, Owner(), failure_id)
        return len(ids)

    print(f"{_carry_out(work)} discarded")


async def _chosen(database: Database, ids: Sequence[UUID], chosen: Chosen) -> Sequence[UUID]:
    if bool(ids) == (chosen != BY_ID):
        raise InvalidInput("Name failures by their ids, or choose them with --cause, --place or --all")
    if ids:
        return ids
    async with database.transaction(readonly=True) as connection:
        return await stored.read_ids(connection, Owner(), Choice(_OPEN, chosen.cause, chosen.place), MOST_AT_ONCE)


async def _settled(database: Database, ids: Sequence[UUID], seconds: float) -> None:
    """Return once no replay is waited for any more, or the time is over."""
    deadline = time.monotonic() + seconds
    waiting = list(ids)
    while waiting and time.monotonic() < deadline:
        async with database.transaction(readonly=True) as connection:
            asked = set(await stored.read_ids(connection, Owner(), Choice(("replaying",)), MOST_AT_ONCE))
        waiting = [failure_id for failure_id in waiting if failure_id in asked]
        if waiting:
            await asyncio.sleep(_PAUSE_SECONDS)


async def _outcomes(database: Database, ids: Sequence[UUID]) -> Counter[str]:
    """Return what became of replays, counted."""
    counts: Counter[str] = Counter()
    for failure_id in ids:
        async with database.transaction(readonly=True) as connection:
            row = await stored.read_one(connection, Owner(), failure_id)
        if row is not None:
            counts[_UNSETTLED.get(row["state"], row["outcome"])] += 1
    return counts


def _carry_out(work: Callable[[Database], Awaitable[T]]) -> T:
    """Do a command's work; what an HTTP client would be told of, the operator is."""

    async def whole() -> T:
        async with opened() as database:
            try:
                return await work(database)
            except Problem as problem:
                raise InvalidInput(problem.error) from problem
            except InvalidInput as error:
                faults = "".join(f"\n  {fault.pointer} {fault.message}" for fault in error.faults)
                raise InvalidInput(f"{error.message}{faults}") from error

    return carry_out(whole)


def _written(file: Path | None, current: Shown) -> bytes:
    """Return the mended order: of a file, of standard input, or as the operator's editor leaves the current one."""
    if file is not None:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    editor = environment().get("VISUAL") or environment().get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:  # for its owner's eyes alone: it holds personal data
        path = Path(folder, "order.json")
        path.write_bytes(msgspec.json.format(msgspec.json.encode(current), indent=2))
        done = subprocess.run([*shlex.split(editor), str(path)], check=False)
        if done.returncode != 0:
            raise InvalidInput(f"{editor} ended with {done.returncode}: nothing is changed")
        return path.read_bytes()


def _operator() -> str:
    try:
        return f"command line, {getpass.getuser()}"
    except (KeyError, OSError):
        return "command line"
