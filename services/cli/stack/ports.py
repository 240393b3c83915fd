"""TCP ports on the loopback interface: which are free, and how one is kept for the stack."""

import itertools
import random
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Self

from services.cli.stack.errors import StackError

LOOPBACK = "127.0.0.1"


class HeldPort:
    """A port that nobody but processes which share it on purpose (SO_REUSEPORT, same user) can take.

    It is bound and never listens, so no connection lands here; it keeps the address for the gateways, also
    while all of them are being started again.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            # SO_REUSEADDR gets past connections that linger from an earlier run. It is dropped after the bind:
            # two sockets that both have it could share the address as long as neither listens.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((LOOPBACK, port))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        except OSError:
            self._socket.close()
            raise
        self.number: int = self._socket.getsockname()[1]

    @classmethod
    def first_free(cls, wanted: int, tries: int = 200) -> Self:
        """Hold `wanted`, or the next free port above it."""
        for port in range(wanted, min(wanted + tries, 65536)):
            try:
                return cls(port)
            except OSError:
                continue
        raise StackError(f"No free port from {wanted} on: give another one with --port.")

    def release(self) -> None:
        """Let go of the port."""
        self._socket.close()


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def free_ports(count: int, avoid: Collection[int] = ()) -> list[int]:
    """Return that many different free ports, none of them in `avoid`.

    They lie below those that the kernel gives to outgoing connections: one of these could sit on a server's port
    at the moment it is started again.
    """
    first, last = _quiet_range()
    candidates = (port for port in random.sample(range(first, last), last - first) if port not in avoid)
    ports = list(itertools.islice(filter(is_free, candidates), count))
    if len(ports) < count:
        raise StackError(f"There are no {count} free ports between {first} and {last}.")
    return ports


def _quiet_range() -> tuple[int, int]:
    try:
        lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        lowest_outgoing = 32768
    last = lowest_outgoing if lowest_outgoing >= 16384 else 32768
    return last - 12000 if last > 22240 else 10240, last


def answers(port: int, greeting: bytes = b"", expected: bytes = b"", timeout: float = 1.0) -> bool:
    """Tell whether the port is listened on and, where a greeting is given, answers it as expected."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout) as connection:
            if greeting:
                connection.sendall(greeting)
            return not expected or connection.recv(len(expected)) == expected
    except OSError:
        return False
