"""The life of a process: components that run together, fall together, and stop in order.

`run_service` is the whole of a service's main: read the settings, build the graph, run its components in one TaskGroup
until SIGTERM or SIGINT, then stop them one after the other. A component that ends or fails by itself takes the process
down, non-zero, so that a supervisor starts a whole one again; there are no half-alive services.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TypeVar

from environs import FileAwareEnv

from shared import failpoints
from shared.errors import BugalouError, Misconfigured
from shared.niceness import step_back
from shared.settings import Common, look_up, read
from shared.telemetry import log, start_logging, start_metrics, start_traces
from shared.traces import stop_traces

EXIT_FAILED: Final = 1
_COLLECT_AFTER_OBJECTS: Final = 20_000
EXIT_MISCONFIGURED: Final = 78
"""EX_CONFIG of sysexits.h: starting again will not help."""


class Component(Protocol):
    """Something long-running: `run` ends only after `stop`, which is sync, idempotent and may come before `run`."""

    async def run(self) -> None:
        """Do the work until told to stop; what is under way is finished first."""
        ...

    def stop(self) -> None:
        """Take no more work."""
        ...


class ServiceSettings(Protocol):
    """The settings of any service."""

    @property
    def common(self) -> Common:
        """What every service needs."""
        ...


S = TypeVar("S", bound=ServiceSettings)
Graph = Callable[[S], AbstractAsyncContextManager[Sequence[Component]]]


class ComponentEnded(BugalouError):
    """A component returned although nobody had told it to stop."""


def run_service(name: str, fill: Callable[[FileAwareEnv], S], graph: Graph[S]) -> int:
    """Run a service until a signal; return the process's exit code."""
    try:
        settings = read(fill)
        start_logging(name, settings.common.log_level)
        start_metrics(settings.common.metrics_host, settings.common.metrics_port)
        start_traces(name, settings.common.traces)
        failpoints.arm(look_up("FAILPOINTS"))
        step_back(settings.common.niceness)
        _spare_the_collector()
        with asyncio.Runner(loop_factory=_fast_loop()) as runner:
            runner.run(run_components(graph(settings), settings.common.drain_seconds))
    except BugalouError as error:
        return _report(error)
    except BaseExceptionGroup as group:
        return max(_report(error) for error in _leaves(group))
    finally:
        stop_traces()
    return 0


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's event loop, where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _spare_the_collector() -> None:
    """Let the cycle collector look at what is made from now on, and at that seldom: a batch is many objects, no cycles.

    With Python's own threshold of 700 it takes a seventh of a worker's time.
    """
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER_OBJECTS, 20, 20)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for error in group.exceptions:
        leaves += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return leaves


def _report(error: BaseException) -> int:
    if isinstance(error, Misconfigured):
        print(error, file=sys.stderr)  # noqa: T201  # the operator reads this at start, before any log pipeline
        return EXIT_MISCONFIGURED
    log.error("process.failed", error=type(error).__name__, exc_info=error)
    return EXIT_FAILED


async def run_components(graph: AbstractAsyncContextManager[Sequence[Component]], drain_seconds: float) -> None:
    """Run a graph's components until a signal, then stop them in their order, all within `drain_seconds`."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with graph as components, asyncio.TaskGroup() as group:
        tasks = [group.create_task(_guard(component, told)) for component in components]
        log.info("process.started")
        await told.wait()
        log.info("process.stopping")
        deadline = loop.time() + drain_seconds
        for component, task in zip(components, tasks, strict=True):
            component.stop()
            await asyncio.wait((task,), timeout=max(0.0, deadline - loop.time()))
            if not task.done():
                log.warning("process.drain_timeout", component=type(component).__name__)
                task.cancel()
    log.info("process.stopped")


async def _guard(component: Component, told: asyncio.Event) -> None:
    try:
        await component.run()
    except asyncio.CancelledError:
        # A TaskGroup takes a cancelled task for one that was meant to end, and goes on without it.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ComponentEnded(f"{type(component).__name__} was cancelled by nobody") from None
    if not told.is_set():
        raise ComponentEnded(f"{type(component).__name__} ended by itself")
