"""Running a service's object graph inside a test, as `shared.lifecycle` does in a process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from shared.lifecycle import Component

_STOP_SECONDS = 10.0


@asynccontextmanager
async def running(graph: AbstractAsyncContextManager[Sequence[Component]]) -> AsyncIterator[Sequence[Component]]:
    """Run a graph's components; stop them in their order. A component that fails, or ends by itself, fails the test."""
    async with graph as components:
        tasks = [asyncio.ensure_future(component.run()) for component in components]
        early: list[Component] = []
        try:
            yield components
        finally:
            for component, task in zip(components, tasks, strict=True):
                if task.done():
                    early.append(component)
                component.stop()
                await asyncio.wait((task,), timeout=_STOP_SECONDS)
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            task.result()
        if early:
            raise AssertionError(f"ended before it was told to: {early}")
