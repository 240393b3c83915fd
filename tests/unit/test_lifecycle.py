"""Components that run together fall together."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from shared.lifecycle import Component, ComponentEnded, run_components


class Steady:
    def __init__(self) -> None:
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        await self.stopping.wait()

    def stop(self) -> None:
        self.stopping.set()


class Ends(Steady):
    async def run(self) -> None:
        return


class Fails(Steady):
    async def run(self) -> None:
        raise ValueError("broken")


class IsCancelledByNobody(Steady):
    """As a driver does when it cancels the future that its user waits for."""

    async def run(self) -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future


@pytest.fixture(autouse=True)
async def signals_are_pytests_again() -> AsyncIterator[None]:
    yield
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)


@asynccontextmanager
async def graph(*components: Component) -> AsyncIterator[Sequence[Component]]:
    yield components


@pytest.mark.parametrize(("kind", "error"), [(Ends, ComponentEnded), (Fails, ValueError)])
async def test_component_that_ends_or_fails_takes_the_process_down(kind: type[Steady], error: type[Exception]) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(run_components(graph(Steady(), kind()), 5), 20)
    assert raised.group_contains(error)


async def test_component_that_was_cancelled_by_nobody_takes_the_process_down() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(run_components(graph(Steady(), IsCancelledByNobody()), 5), 20)
    assert raised.group_contains(ComponentEnded, match="cancelled by nobody")
