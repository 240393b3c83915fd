"""A host of its own for one service: a network namespace with a cable to the servers that can be cut.

The servers listen on the loopback interface alone; at the host's end of the cable, whose address only that namespace
can reach, forwarders stand for them.
"""

import itertools
import os
import shutil
import subprocess
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from services.cli.stack.program import Program
from tests.faults.stack import Stack
from tests.proxy import Proxy

_TOOLS: Final = ("ip", "iptables")
_count = itertools.count()


def unavailable() -> str | None:
    """Return why there can be no such host here, None where there can."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return f"the programs {', '.join(missing)} are missing (apt install iproute2 iptables)"
    return None if os.geteuid() == 0 else "only root can make network namespaces"


class Host:
    """A namespace, its cable and the forwarders; what it makes goes with it."""

    def __init__(self, stack: Stack, service: str, *, local_port: int) -> None:
        """`local_port` is one of the loopback's that is reached from there under its usual address too."""
        number = next(_count) % 64
        self._is_gateway = service.startswith("gateway")
        self._name = f"bgf{os.getpid() % 100000}n{number}"
        self._near, self._far = f"{self._name}a"[:15], f"{self._name}b"[:15]
        self._near_address = f"10.{200 + os.getpid() % 50}.{number}.1"
        self._far_address = f"10.{200 + os.getpid() % 50}.{number}.2"
        self._stack = stack
        smtp = f"smtp://127.0.0.1:{stack.smtp.port}"
        self._local_port = local_port
        database_url = stack.program(service).environment["BUGALOU_DATABASE_URL"]
        urls = (database_url, stack.rabbitmq.url, smtp, f"http://127.0.0.1:{local_port}")
        self._forwarders = [Proxy(url, host=self._near_address) for url in urls]
        self._door: Proxy | None = None

    def runs(self, program: Program) -> Program:
        """Return the program as it is run on this host."""
        return replace(program, argv=("ip", "netns", "exec", self._name, *program.argv))

    def variables(self) -> dict[str, str]:
        """Return where its service finds the servers, and listens."""
        postgres, rabbitmq, smtp, _ = self._forwarders
        given = {
            "BUGALOU_DATABASE_URL": postgres.url,
            "BUGALOU_AMQP_URL": rabbitmq.url,
            "BUGALOU_SMTP_HOST": self._near_address,
            "BUGALOU_SMTP_PORT": str(smtp.port),
            "BUGALOU_METRICS_PORT": "0",
        }
        return given | ({"BUGALOU_HTTP_HOST": self._far_address} if self._is_gateway else {})

    def cut(self, *, reset: bool) -> None:
        """Lose every packet between the host and the servers, or answer each with a reset; clients still come in."""
        for forwarder in self._forwarders:
            port = str(forwarder.port)
            if reset:
                self._rule("-A", "OUTPUT", "--dport", port, "REJECT", "--reject-with", "tcp-reset")
            else:
                self._rule("-A", "OUTPUT", "--dport", port, "DROP")
                self._rule("-A", "INPUT", "--sport", port, "DROP")

    def mend(self) -> None:
        """Let everything pass again."""
        self._in("iptables", "-F")

    async def open_door(self, port: int) -> None:
        """Let clients of the loopback interface come in to a gateway here."""
        self._door = Proxy(f"http://{self._far_address}:{port}", port=port)
        await self._door.restore()

    async def close_door(self) -> None:
        """Leave the port to a gateway that runs on no host of its own."""
        if self._door is not None:
            await self._door.cut()

    async def __aenter__(self) -> Self:
        _run("ip", "netns", "add", self._name)
        try:
            _run("ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far)
            _run("ip", "link", "set", self._far, "netns", self._name)
            _run("ip", "addr", "add", f"{self._near_address}/30", "dev", self._near)
            _run("ip", "link", "set", self._near, "up")
            self._in("ip", "addr", "add", f"{self._far_address}/30", "dev", self._far)
            for device in (self._far, "lo"):
                self._in("ip", "link", "set", device, "up")
            for forwarder in self._forwarders:
                await forwarder.restore()
            self._reach_local_port()
        except BaseException:
            await self._remove()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._remove()

    async def _remove(self) -> None:
        for proxy in (*self._forwarders, *((self._door,) if self._door else ())):
            await proxy.cut()
        subprocess.run(["ip", "link", "del", self._near], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", self._name], capture_output=True, check=False)

    def _reach_local_port(self) -> None:
        """Lead what connects to the local port here to the host's; whoever connects sees the usual address."""
        self._in("sysctl", "-q", "-w", f"net.ipv4.conf.{self._far}.route_localnet=1")
        there = f"{self._near_address}:{self._forwarders[-1].port}"
        rule = (
            "-d",
            "127.0.0.1",
            "-p",
            "tcp",
            "--dport",
            str(self._local_port),
            "-j",
            "DNAT",
            "--to-destination",
            there,
        )
        self._in("iptables", "-t", "nat", "-A", "OUTPUT", *rule)
        self._in("iptables", "-t", "nat", "-A", "POSTROUTING", "-o", self._far, "-j", "MASQUERADE")

    def _rule(self, add: str, chain: str, side: str, port: str, *target: str) -> None:
        self._in("iptables", add, chain, "-p", "tcp", side, port, "-j", *target)

    def _in(self, *words: str) -> None:
        _run("ip", "netns", "exec", self._name, *words)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
