"""The stacks that scenarios are played on: the usual one, three RabbitMQ nodes, small disks."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from tests.faults.stack import Shape, Stack, running_stack
from tests.faults.trial import Ground

_SMALL_MEGABYTES: Final = 320
"""Postgres's own files take about 80 of it, and its log the rest until it is full."""
_SHARED_MEGABYTES: Final = 900
"""With RabbitMQ's files and all logs beside them."""


@asynccontextmanager
async def standing_on(ground: Ground, folder: Path) -> AsyncIterator[Stack]:
    """Run a stack of a kind."""
    place = folder / ground.replace(" ", "-")
    match ground:
        case "plain":
            async with running_stack(place) as stack:
                yield stack
        case "cluster":
            async with running_stack(place, Shape(nodes=3)) as stack:
                yield stack
        case "small disk":
            with _small_disk(folder / "disk", _SMALL_MEGABYTES) as disk:
                async with running_stack(place, postgres_folder=disk / "postgres") as stack:
                    yield stack
        case "one small disk":
            with _small_disk(folder / "disk", _SHARED_MEGABYTES) as disk:
                async with running_stack(disk / "stack") as stack:
                    yield stack


@contextmanager
def _small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk in memory; only root can."""
    if os.geteuid() != 0:
        raise RuntimeError("a full disk needs a small one, which only root can mount: NOT TESTED HERE")
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    subprocess.run(mount, check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)
