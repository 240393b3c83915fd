"""A RabbitMQ server of our own on the loopback interface."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from services.cli.stack.binaries import find_epmd, find_rabbitmq
from services.cli.stack.errors import StackError
from services.cli.stack.owner import Owner
from services.cli.stack.ports import LOOPBACK, answers, free_ports
from services.cli.stack.program import Program, Run

USER: Final = "bugalou"
# AMQP 0-9-1, section 4.2.2: the client's header, and the first octets of the server's connection.start.
_PROTOCOL_HEADER: Final = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME: Final = b"\x01\x00\x00"
# Erlang's distribution protocol, NAMES_REQ: epmd answers with its own port number first.
_NAMES_REQUEST: Final = b"\x00\x01n"

_CONFIGURATION: Final = """\
listeners.tcp.private = {host}:{port}
default_user = {user}
default_pass = {password}
log.file = false
log.console = true
log.console.level = warning
# The default, 50 MB, is less than what the queues' own files can need before the alarm is noticed.
disk_free_limit.absolute = 200MB
# The default is 512 MB, kept in memory too: too much for a small machine.
raft.wal_max_size_bytes = 134217728
"""


class PrivateRabbitMQ:
    """A broker with its data, cookie, plugins and port mapper of its own, on 127.0.0.1 alone, with a password.

    Whatever else runs on the machine (another broker, another epmd) stays untouched and unasked. Several of one
    password (which is their cookie too) and one epmd can be joined to a cluster; `name` tells them apart.
    """

    def __init__(
        self,
        directory: Path,
        port: int,
        *,
        password: str,
        internal_ports: tuple[int, int] | None = None,
        name: str = "bugalou",
    ) -> None:
        self.directory = directory.resolve()
        self.port = port
        # localhost: the data is kept under the node's name, and a laptop's host name changes.
        self.node = f"{name}@localhost"
        self._password = password
        self._epmd_port, self._distribution_port = internal_ports or free_ports(2, avoid=[port])
        self._script = find_rabbitmq()
        self._epmd = find_epmd()
        self._owner = Owner.of_server("rabbitmq", self.directory, required=False)
        self._run = Run(self.directory)

    @property
    def url(self) -> str:
        """Return the address for a user with all rights on the one virtual host."""
        return f"amqp://{USER}:{quote(self._password, safe='')}@{LOOPBACK}:{self.port}/"

    def prepare(self) -> None:
        """Write the configuration; the broker makes its data itself. The password counts at the first start."""
        own = self._owner
        own.directory(self.directory)
        own.write(
            self.directory / "rabbitmq.conf",
            _CONFIGURATION.format(host=LOOPBACK, port=self.port, user=USER, password=self._password),
        )
        own.write(self.directory / "advanced.config", "[].\n")
        own.write(self.directory / "rabbitmq-env.conf", "")
        own.write(self.directory / "enabled_plugins", "[].\n")
        cookie = self.directory / ".erlang.cookie"
        if not cookie.exists():
            # Erlang's distribution is a shell on the machine for whoever has the cookie: never a known one.
            own.write(cookie, self._password, mode=0o400)

    def programs(self) -> tuple[Program, ...]:
        """Return how the port mapper and the broker are run in the foreground, in this order."""
        environment = self._environment()
        mapper = Program(
            name="epmd",
            argv=(str(self._epmd), "-address", LOOPBACK, "-port", str(self._epmd_port)),
            directory=self.directory,
            environment=environment,
            is_ready=lambda _pid: answers(self._epmd_port, _NAMES_REQUEST, self._epmd_port.to_bytes(4)),
            listed=False,
        )
        broker = Program(
            name="rabbitmq",
            argv=tuple(self._owner.command([str(self._script)], self.directory)),
            directory=self.directory,
            environment=environment,
            is_ready=lambda _pid: answers(self.port, _PROTOCOL_HEADER, _METHOD_FRAME),
        )
        return (mapper, broker)

    def control(self, *words: str, timeout: float = 90.0) -> str:
        """Run one command of rabbitmqctl on the running node and return what it prints."""
        tool = str(self._script.with_name("rabbitmqctl"))
        command = self._owner.command([tool, "--quiet", "--node", self.node, *words], self.directory)
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"rabbitmqctl {words[0]} failed: {' '.join((done.stderr or done.stdout).split())[-300:]}")
        return done.stdout

    def start(self, timeout: float = 90.0) -> None:
        """Start it and wait until it takes connections (`bugalou up` supervises its programs instead)."""
        self.prepare()
        self._run.start(self.programs(), timeout)

    def stop(self) -> None:
        """Stop it; its data stays. Calling it twice is fine."""
        self._run.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self._run.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _environment(self) -> dict[str, str]:
        # Nothing of the caller's: RABBITMQ_* and ERL_* variables would lead to another node's files.
        folder = str(self.directory)
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin",
            "LANG": "C.UTF-8",
            "HOME": folder,  # where Erlang looks for the cookie
            "ERL_CRASH_DUMP_SECONDS": "0",  # no dump: it can be as large as the broker's memory
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/rabbitmq-env.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_PID_FILE": f"{folder}/rabbitmq.pid",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # The script then becomes the broker (exec) instead of waiting beside it: one process, one pid.
            "RUNNING_UNDER_SYSTEMD": "true",
        }
