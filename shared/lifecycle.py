"""The life of a process: components that run together, fall together, and stop in order.

`run_service` is the whole of a service's main: read the settings, build the graph, run its components in one TaskGroup until
SIGTERM or SIGINT, then ask each to stop. A component that ends or fails by itself takes the process down, non-zero, so that
a supervisor starts a whole one again; there are no half-alive services.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from shared.errors import BugalouError, Misconfigured
from shared.telemetry import log

EXIT_FAILED = 1
EXIT_MISCONFIGURED = 78
"""EX_CONFIG of sysexits.h: starting again will not help."""


class Component(Protocol):
    """Something long-running: `run` ends only after `stop`, which is sync, idempotent and may come before `run`."""

    async def run(self) -> None:
        """Do the work until told to stop; what is under way is finished first."""
        ...

    def stop(self) -> None:
        """Take no more work."""
        ...


Graph = Callable[[], AbstractAsyncContextManager[Sequence[Component]]]


class ComponentEnded(BugalouError):
    """A component returned although nobody had told it to stop."""


def run_service(graph: Graph, *, drain_seconds: float) -> int:
    """Run the components of a graph until a signal; return the process's exit code."""
    try:
        asyncio.run(_run(graph, drain_seconds))
    except Misconfigured as error:
        print(error, file=sys.stderr)  # noqa: T201  # the operator reads this at start, before any log pipeline
        return EXIT_MISCONFIGURED
    except BaseExceptionGroup as group:
        for cause in group.exceptions:
            log.error("process.failed", error=type(cause).__name__, exc_info=cause)
        return EXIT_FAILED
    except BugalouError as error:
        log.error("process.failed", error=type(error).__name__, reason=str(error))
        return EXIT_FAILED
    return 0


async def _run(graph: Graph, drain_seconds: float) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with graph() as components:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_guard(component, told)) for component in components]
            log.info("process.ready")
            await told.wait()
            log.info("process.stopping")
            for component in components:
                component.stop()
            _, late = await asyncio.wait(tasks, timeout=drain_seconds)
            for task in late:
                log.warning("process.drain_timeout", component=task.get_name())
                task.cancel()
    log.info("process.stopped")


async def _guard(component: Component, told: asyncio.Event) -> None:
    await component.run()
    if not told.is_set():
        raise ComponentEnded(f"{type(component).__name__} ended by itself")


async def each(stopping: asyncio.Event, seconds: float) -> AsyncIterator[None]:
    """Yield at once and then every `seconds`, until `stopping` is set."""
    while not stopping.is_set():
        yield
        try:
            async with asyncio.timeout(seconds):
                await stopping.wait()
        except TimeoutError:
            continue
