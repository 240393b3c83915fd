"""Three RabbitMQ nodes, of which one or another dies: the queues' leaders move, and their replicas hold all of it."""

import asyncio
import re
from typing import Final

from shared.topology import queues
from tests.faults.stack import NAMES, Stack
from tests.faults.trial import Scenario, Trial


async def _each_node_killed(trial: Trial) -> None:
    """One after the other, whichever leads."""
    for name in trial.random.sample(_nodes(trial.stack), 3):
        trial.stack.kill(name)
        await trial.progress()
        await _replicas_are_back(trial.stack)


async def _leader_held_down(trial: Trial) -> None:
    """The node that leads the submissions dies, and stays away while the others go on."""
    stack = trial.stack
    leader = await _leader(stack, stack.rabbitmq.node)
    name = _nodes(stack)[[node.node for node in stack.nodes].index(leader)]
    await stack.hold(name)
    await trial.progress(150)
    asked = next(node.node for node in stack.nodes if node.node != leader)
    follower = await _leader(stack, asked)
    print(f"    leader of {NAMES.submissions}: {leader}, then {follower}")
    if follower == leader:
        raise AssertionError(f"{leader} is dead and still said to lead")
    await stack.give(name)
    await stack.works(name)
    await _replicas_are_back(stack)


async def _node_suspended(trial: Trial) -> None:
    name = trial.random.choice(_nodes(trial.stack))
    async with trial.stack.suspended(name):
        await trial.pass_(8, 12)
    await _replicas_are_back(trial.stack)


async def _rolled(trial: Trial) -> None:
    """Each node is asked to leave and started again, as in an upgrade."""
    for name in _nodes(trial.stack):
        before = trial.stack.pid(name)
        trial.stack.terminate(name)
        await trial.stack.started_again(name, before)
        await _replicas_are_back(trial.stack)
        await trial.progress()


def _nodes(stack: Stack) -> list[str]:
    return ["rabbitmq", *(f"rabbitmq-{number}" for number in range(2, len(stack.nodes) + 1))]


async def _leader(stack: Stack, asked: str) -> str:
    node = next(node for node in stack.nodes if node.node == asked)
    listing = await asyncio.to_thread(node.control, "list_queues", "name", "leader", "--no-table-headers")
    found = re.search(rf"^{re.escape(NAMES.submissions)}\s+(\S+)$", listing, re.MULTILINE)
    if found is None:
        raise AssertionError(f"nobody leads {NAMES.submissions}:\n{listing}")
    return found[1]


async def _replicas_are_back(stack: Stack) -> None:
    """Wait until every queue has its three replicas online: the next death is one of one."""
    listing = ""
    try:
        async with asyncio.timeout(90):
            while True:
                for name in _nodes(stack):
                    await stack.works(name)
                listing = await asyncio.to_thread(
                    stack.rabbitmq.control, "list_queues", "name", "online", "--no-table-headers"
                )
                online = {name: nodes for name, _, nodes in (line.partition("\t") for line in listing.splitlines())}
                if all(online.get(queue, "").count("@") == len(stack.nodes) for queue in queues(NAMES)):
                    return
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise AssertionError(f"not every replica is back in time:\n{listing}") from None


SCENARIOS: Final = tuple(
    Scenario(name, play, pairs=False, ground="cluster")
    for name, play in (
        ("each node of a cluster killed", _each_node_killed),
        ("leading node of a cluster dead for a while", _leader_held_down),
        ("node of a cluster suspended", _node_suspended),
        ("nodes of a cluster restarted in turn", _rolled),
    )
)
