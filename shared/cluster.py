"""A RabbitMQ cluster as one address: several nodes' URLs with commas between, and a connection to any of them."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Final

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
        super().__init__(nodes[0])

    @property
    def url(self) -> URL:
        """Return a node's address."""
        return random.choice(self._nodes)  # noqa: S311  # spreads, guards nothing

    @url.setter
    def url(self, url: URL) -> None:
        """Keep the list: the library sets what it was given."""
