"""Versions: 63-bit numbers that give all submissions one total order.

The upper 52 bits are microseconds since 1970 (they last until 2112), the lower 11 the gateway's node number, so that
two gateways seldom give the same one; where they do, the submission's id decides. A sender's `occurredAt` has no node.
"""

from typing import Final

_NODE_BITS: Final = 11
NODES: Final = 1 << _NODE_BITS
HIGHEST: Final = (1 << 63) - 1


def version_at(microseconds: int, node: int = 0) -> int:
    """Return the version of a moment (microseconds since 1970) at a gateway (0 to 2047)."""
    return microseconds << _NODE_BITS | node


def moment_of(version: int) -> int:
    """Return the moment of a version in microseconds since 1970."""
    return version >> _NODE_BITS
