"""`bugalou send FILE`: posts a file of orders to a gateway, in batches, obeying Retry-After, able to resume."""

import asyncio
import csv
import hashlib
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import aiohttp
import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn
from yarl import URL

from services.cli.operate import EXIT_FAILED, carry_out, setting
from shared.errors import InvalidInput, Unavailable

TRIES: Final = 40
MOST_PAUSE_SECONDS: Final = 30
BATCH_SECONDS: Final = 120
_NESTED: Final = frozenset({"items", "metadata", "clear"})
_NDJSON: Final = {"Content-Type": "application/x-ndjson"}


class Lines(msgspec.Struct, frozen=True):
    """Some orders of the file: the lines on which they begin, and where in the file the next ones do, in bytes."""

    numbers: list[int]
    bodies: list[bytes]
    end: int


def send(
    file: Path,
    /,
    *,
    url: str | None = None,
    key: str | None = None,
    batch: Annotated[int, Parameter(validator=Number(gte=1, lte=10_000))] = 500,
    resume: bool = True,
) -> None:
    """Post orders from a CSV or NDJSON file; prints each refused line, and goes on where it was interrupted.

    Where it got to stands in FILE.sent. A batch posted again has the same Idempotency-Key: nothing counts twice.

    Parameters
    ----------
    file
        NDJSON (one order a line), or CSV (.csv) with the API's field names in its header; items and the like as JSON.
    url
        The gateway's address (default: BUGALOU_URL, or what `bugalou up` wrote).
    key
        The API key (default: BUGALOU_API_KEY, or what `bugalou up` wrote).
    batch
        Orders in one request.
    resume
        Go on where an earlier run of the same file stopped.
    """
    console = Console(stderr=True, highlight=False)
    counts = carry_out(lambda: _send(file, url or setting("URL"), key or setting("API_KEY"), batch, resume, console))
    print(f"{counts['accepted']} accepted, {counts['refused']} refused")
    if counts["refused"]:
        sys.exit(EXIT_FAILED)


async def _send(file: Path, url: str, key: str, batch: int, resume: bool, console: Console) -> Counter[str]:
    counts: Counter[str] = Counter()
    mark = file.with_name(f"{file.name}.sent")
    bar = Progress("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console)
    timeout = aiohttp.ClientTimeout(total=BATCH_SECONDS)
    headers = {"X-API-Key": key}
    with file.open("rb") as source, bar:
        identity = _identity(source)
        start = _resumed(mark, identity) if resume else 0
        task = bar.add_task(file.name, total=os.fstat(source.fileno()).st_size, completed=start)
        async with aiohttp.ClientSession(_origin(url), headers=headers, timeout=timeout) as session:
            for lines in _batches(source, file.suffix.lower() == ".csv", batch, start):
                for line, error in await _post(
                    session, lines, counts, lambda text: bar.console.print(text, style="dim")
                ):
                    print(f"line {line}: {error}")
                mark.write_text(f"{identity} {lines.end}\n")
                bar.update(task, completed=lines.end)
    mark.unlink(missing_ok=True)
    return counts


def _origin(url: str) -> URL:
    """Return the gateway's origin; a path behind it is what this command adds itself."""
    parsed = URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InvalidInput("--url is an address such as http://127.0.0.1:8080")
    return parsed.origin()


def _identity(source: BinaryIO) -> str:
    """Return what tells this file from another one of the same name: a hash of its beginning."""
    source.seek(0)
    return hashlib.sha256(source.read(65_536)).hexdigest()[:24]


def _resumed(mark: Path, identity: str) -> int:
    if not mark.exists():
        return 0
    known, _, position = mark.read_text().strip().partition(" ")
    return int(position) if known == identity and position.isdigit() else 0


def _batches(source: BinaryIO, is_csv: bool, most: int, start: int) -> Iterator[Lines]:
    source.seek(0)
    header = next(csv.reader([source.readline().decode("utf-8-sig")]), []) if is_csv else []
    following = 2 if is_csv else 1
    bodies: list[bytes] = []
    numbers: list[int] = []
    while True:
        position = source.tell()
        line = source.readline()
        if is_csv:
            # A quoted cell may hold line breaks: read on until the quotes are even.
            while line.count(b'"') % 2 and (more := source.readline()):
                line += more
        if position >= start and (len(bodies) == most or not line) and bodies:
            yield Lines(numbers, bodies, position)
            bodies, numbers = [], []
        if not line:
            return
        number = following
        following += max(1, line.count(b"\n"))
        if position < start or not line.strip():
            continue
        bodies.append(_from_csv(header, line) if is_csv else line.strip())
        numbers.append(number)


def _from_csv(header: list[str], line: bytes) -> bytes:
    cells = next(csv.reader(io.StringIO(line.decode("utf-8", "replace"), newline="")))
    if len(cells) != len(header):
        # Sent as it is, so that it gets its verdict among the others.
        return msgspec.json.encode(f"{len(cells)} cells, but the header has {len(header)}")
    order: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        if cell:
            order[name] = msgspec.Raw(cell.encode()) if name in _NESTED else cell
    return msgspec.json.encode(order)


async def _post(
    session: aiohttp.ClientSession, lines: Lines, counts: Counter[str], say: Callable[[str], None]
) -> list[tuple[int, str]]:
    """Post one batch until it has its verdicts; return the refused lines."""
    body = b"\n".join(lines.bodies)
    headers = {**_NDJSON, "Idempotency-Key": hashlib.sha256(body).hexdigest()}
    for attempt in range(TRIES):
        pause = min(2.0**attempt, MOST_PAUSE_SECONDS)
        try:
            async with session.post("/api/v1/orders/batch", data=body, headers=headers) as response:
                answer = msgspec.json.decode(await response.read())
                if "results" in answer:
                    return _count(answer["results"], lines, counts)
                if response.status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
                    raise InvalidInput(f"{response.status} {answer.get('error', response.reason)}")
                pause = float(response.headers.get("Retry-After", pause))
            reason = f"answered {response.status}"
        except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
            reason = f"did not answer ({type(error).__name__})"
        say(f"the gateway {reason}: trying again in {pause:.0f} s (Ctrl-C stops; run the command again to go on)")
        await asyncio.sleep(pause)
    raise Unavailable(
        f"the gateway did not take line {lines.numbers[0]} after {TRIES} tries: run the command again to go on"
    )


def _count(results: list[dict[str, Any]], lines: Lines, counts: Counter[str]) -> list[tuple[int, str]]:
    refused = []
    for result in results:
        if "error" in result:
            faults = "; ".join(f"{fault['pointer'] or 'it'} {fault['message']}" for fault in result["errors"])
            refused.append((lines.numbers[result["index"]], faults or result["error"]))
    counts["refused"] += len(refused)
    counts["accepted"] += len(lines.bodies) - len(refused)
    return refused
