"""A RabbitMQ cluster as one address: several nodes' URLs with commas between, and a connection to any of them."""

import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from aio_pika.exceptions import AMQPConnectionError
from aio_pika.robust_connection import RobustConnection
from yarl import URL

_NEXT: Final = re.compile(r",(?=amqps?://)")


def nodes_of(address: str, options: Mapping[str, str]) -> list[URL]:
    """Return the URLs in an address, one for each node, with options of the library's added."""
    return [URL(node).update_query(options) for node in _NEXT.split(address)]


class ClusterConnection(RobustConnection):
    """A connection to any node: each attempt, also one to connect again, takes one at random.

    The library reads `url` once for each attempt and knows no list; at random, since other readers (its log) count
    nothing, and so that the clients of a node that dies spread over those that are left.
    """

    def __init__(self, nodes: Sequence[URL]) -> None:
        self._nodes = nodes
        self._left: URL | None = None
        self.prepare: Callable[[], Awaitable[None]] | None = None
        """Awaited on each connection that is made anew, before its channels are used."""
        super().__init__(nodes[0])

    @property
    def url(self) -> URL:
        """Return a node's address; one that was left is drawn twice before it is taken again."""
        node = random.choice(self._nodes)  # noqa: S311  # spreads, guards nothing
        return random.choice(self._nodes) if node == self._left else node  # noqa: S311  # likewise

    @url.setter
    def url(self, url: URL) -> None:
        """Keep the list: the library sets what it was given."""

    async def leave(self) -> None:
        """Close what stands; the library connects again, preferably to another node.

        It takes two seconds where the node does not answer, and 33 where it does not even read.
        """
        transport = self.transport
        if transport is None or transport.connection.is_closed:
            return
        here = transport.connection.url
        self._left = next((node for node in self._nodes if (node.host, node.port) == (here.host, here.port)), None)
        await transport.connection.close(AMQPConnectionError("given up: it took nothing"))

    async def _on_connected(self) -> None:
        self.connected.set()  # as the library does first, and channels wait for
        if self.prepare is not None:
            await self.prepare()
        await super()._on_connected()
