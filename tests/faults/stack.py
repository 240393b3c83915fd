"""All services as processes on servers of their own, durable ones, that a scenario may kill, suspend and replace.

The building blocks are those of `bugalou up`: its programs, its way of starting again what dies, its private servers.
"""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import aiohttp
import psutil
from msgspec import Struct

from services.cli.stack.errors import StackError
from services.cli.stack.fleet import Size, mail_program, services
from services.cli.stack.kept import Kept, Running
from services.cli.stack.layout import Layout
from services.cli.stack.order import STOP_ORDER, group_of, stop_seconds
from services.cli.stack.ports import LOOPBACK, free_ports
from services.cli.stack.postgres import PrivatePostgres
from services.cli.stack.program import Child, Program
from services.cli.stack.rabbitmq import PrivateRabbitMQ
from shared.migrations import migrate
from shared.secrets import generate_key
from shared.topology import Names
from tests.logins import make_login
from tests.polling import eventually
from tests.proxy import Proxy

_TICK_SECONDS: Final = 0.05
_READY_SECONDS: Final = 90.0
_NOTHING: Final = ("sleep", "infinity")
_ROLES: Final = {
    "gateway": ("bugalou_gateway", "bugalou_console_writer", "bugalou_console"),  # a console runs in its process
    "worker": ("bugalou_worker",),
    "relay": ("bugalou_relay",),
    "notifier": ("bugalou_notifier",),
}
"""Each service has a login with the rights of its role alone: they have to be enough in every trouble."""
PREFIX: Final = "bugalou"
NAMES: Final = Names(PREFIX)


class Shape(Struct, frozen=True, kw_only=True):
    """How many processes there are of each service and of RabbitMQ, and what all are given besides the addresses."""

    gateways: int = 2
    workers: int = 3
    relays: int = 2
    notifiers: int = 2
    nodes: int = 1
    variables: Mapping[str, str] = {}


class Stack:
    """The running system; `processes` by name: gateway-1, worker-1, relay-1, notifier-1, mail, postgres, rabbitmq."""

    def __init__(self, layout: Layout, shape: Shape, *, checkout: Path | None, postgres_folder: Path | None) -> None:
        self.layout = layout
        self._shape = shape
        self._checkout = checkout
        password = secrets.token_hex(16)
        ports = free_ports(5 + shape.gateways + 2 * (shape.nodes - 1))
        self.postgres = PrivatePostgres(postgres_folder or layout.postgres, ports[0], password=password)
        self.rabbitmq = PrivateRabbitMQ(
            layout.rabbitmq, ports[1], password=password, internal_ports=(ports[2], ports[3])
        )
        self._mail_port = ports[4]
        self.gateway_ports = ports[5 : 5 + shape.gateways]
        spare = ports[5 + shape.gateways :]
        self.nodes = [self.rabbitmq]
        """RabbitMQ's nodes; they share epmd and cookie."""
        for number in range(2, shape.nodes + 1):
            node = PrivateRabbitMQ(
                layout.root / f"rabbitmq-{number}",
                spare.pop(),
                password=password,
                internal_ports=(ports[2], spare.pop()),
                name=f"bugalou-{number}",
            )
            self.nodes.append(node)
        self.smtp = Proxy(f"smtp://{LOOPBACK}:{self._mail_port}")
        """What stands between the notifiers and their mail server."""
        self._kept: dict[str, Kept] = {}
        self.deaths: list[str] = []
        """What was said of each death and start, in order."""

    @property
    def urls(self) -> list[str]:
        """The gateways' origins."""
        return [f"http://{LOOPBACK}:{port}" for port in self.gateway_ports]

    def names_of(self, service: str) -> list[str]:
        """Return the names of a service's processes."""
        return [name for name in self._kept if name.rpartition("-")[0] == service]

    def pid(self, name: str) -> int | None:
        """Return a process's id while it runs."""
        run = self._kept[name].run
        return run.pid if run is not None and run.exit_code() is None else None

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and to all that it has started (Postgres's backends)."""
        pid = self.pid(name)
        if pid is None:
            return
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    one.send_signal(number)

    def kill(self, name: str) -> None:
        """End a process at once; it is started again."""
        self.signal(name, signal.SIGKILL)

    def terminate(self, name: str) -> None:
        """Ask a process to leave; it is started again."""
        pid = self.pid(name)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    @asynccontextmanager
    async def suspended(self, *names: str) -> AsyncIterator[None]:
        """Suspend processes for the length of a block."""
        for name in names:
            self.signal(name, signal.SIGSTOP)
        try:
            yield
        finally:
            for name in names:
                self.signal(name, signal.SIGCONT)

    def run(self, name: str) -> Running:
        """Return the present run of a process."""
        run = self._kept[name].run
        if run is None:
            raise ValueError(f"{name} does not run")
        return run

    def kill_backend(self, pid: int) -> None:
        """End one of Postgres's own processes."""
        postgres = self.pid("postgres")
        if postgres is not None and pid in {child.pid for child in psutil.Process(postgres).children()}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def started_again(self, name: str, before: int | None) -> None:
        """Wait until a process runs that is not the one of before, and works."""
        await eventually(lambda: self.pid(name) not in (None, before), within=60, what=f"{name} is started again")
        await self.works(name)

    async def works(self, name: str) -> None:
        """Wait until a process can be used."""
        kept = self._kept[name]
        await eventually(kept.is_ready, within=_READY_SECONDS, what=f"{name} can be used")
        if name in self.names_of("gateway"):
            url = self.urls[self.names_of("gateway").index(name)]
            await eventually(lambda: _is_ready(url), within=_READY_SECONDS, what=f"{name} is ready")

    async def all_work(self) -> None:
        """Wait until every process can be used."""
        for name in self._kept:
            await self.works(name)

    async def give(self, name: str, **variables: str) -> None:
        """Start a process anew with other variables besides its own; with none, with its own alone."""
        await self.become(name, self._programs[name], **variables)

    async def hold(self, name: str) -> None:
        """End a process at once, and let nothing stand in its place until `give`."""
        await self.become(name, replace(self._programs[name], argv=_NOTHING))

    async def become(self, name: str, program: Program, **variables: str) -> None:
        """Start a process anew as another program."""
        before = self.pid(name)
        if variables:
            program = replace(program, environment={**program.environment, **variables})
        kept = self._kept[name]
        kept.program = program
        self.kill(name)
        await eventually(lambda: kept.run is None or kept.run.pid != before, within=60, what=f"{name} has ended")
        if kept.run is None:
            # It was wanted: there is no pause to wait out, as after a death.
            self._kept[name] = Kept(program, self._launch)
        await eventually(lambda: self.pid(name) not in (None, before), within=60, what=f"{name} is started anew")

    async def as_it_was(self) -> None:
        """Start every process that was changed as it was at first, and let no death of one trial delay the next."""
        for name, program in self._programs.items():
            self.signal(name, signal.SIGCONT)
            self._kept[name].deaths = 0
            if self._kept[name].program is not program:
                await self.give(name)
        await self.smtp.restore()
        await self.all_work()

    def program(self, name: str) -> Program:
        """Return how a process is started when nothing is changed about it."""
        return self._programs[name]

    async def start(self) -> None:
        """Start everything; return when it can be used."""
        await self.smtp.restore()
        for node in self.nodes:
            await asyncio.to_thread(node.prepare)
        await asyncio.to_thread(self.postgres.prepare)
        given = self._given()
        servers = [
            *self.rabbitmq.programs(),
            *self._other_nodes(),
            *self.postgres.programs(),
            mail_program(self.layout, self._mail_port, given),
        ]
        self._programs: dict[str, Program] = {}
        self._add(servers)
        for program in servers:
            await self.works(program.name)
        for node in self.nodes[1:]:
            for words in (("stop_app",), ("reset",), ("join_cluster", self.rabbitmq.node), ("start_app",)):
                await asyncio.to_thread(node.control, *words)
        await migrate(self.postgres.url)
        logins = {service: (await make_login(self.postgres.url, *roles))[1] for service, roles in _ROLES.items()}
        self._add(self._services(given, logins))
        await self.all_work()

    async def keep(self) -> None:
        """Start again what dies, until cancelled."""
        while True:
            self.tick()
            await asyncio.sleep(_TICK_SECONDS)

    def tick(self) -> None:
        """Look at every process once."""
        for kept in list(self._kept.values()):
            news = kept.tick(time.monotonic())
            if news is not None:
                self.deaths.append(news)

    async def stop(self) -> None:
        """Stop everything in order."""
        for group in STOP_ORDER:
            members = [kept for name, kept in self._kept.items() if group_of(name) == group and kept.run]
            for kept in members:
                self.signal(kept.program.name, signal.SIGCONT)
                if kept.run is not None:
                    kept.run.ask_to_stop()
            deadline = time.monotonic() + max((stop_seconds(kept.program.name) for kept in members), default=0)
            while any(kept.run and kept.run.exit_code() is None for kept in members) and time.monotonic() < deadline:
                await asyncio.sleep(_TICK_SECONDS)
            for kept in members:
                if kept.run is not None and kept.run.exit_code() is None:
                    kept.run.kill()
        self._kept.clear()
        await self.smtp.cut()

    def _add(self, programs: Iterable[Program]) -> None:
        for program in programs:
            self._programs[program.name] = program
            self._kept[program.name] = Kept(program, self._launch)
        self.tick()

    def _other_nodes(self) -> list[Program]:
        # Their port mapper is the first one's.
        return [
            replace(node.programs()[-1], name=f"rabbitmq-{number}") for number, node in enumerate(self.nodes[1:], 2)
        ]

    def _launch(self, program: Program) -> Child:
        return Child(program, self.layout.log_file(program.name))

    def _given(self) -> dict[str, str]:
        passed = {name: value for name, value in os.environ.items() if not name.startswith("BUGALOU_")}
        return {
            **passed,
            "BUGALOU_DATABASE_URL": self.postgres.url,
            "BUGALOU_AMQP_URL": ",".join(node.url for node in self.nodes),
            "BUGALOU_AMQP_PREFIX": PREFIX,
            "BUGALOU_HTTP_HOST": LOOPBACK,
            "BUGALOU_SMTP_HOST": LOOPBACK,
            "BUGALOU_SMTP_PORT": str(self.smtp.port),
            "BUGALOU_SETTLE_SECONDS": "1",
            "BUGALOU_WEBHOOK_ALLOW": f"{LOOPBACK}/32",
            "BUGALOU_SECRET_KEYS": generate_key(),
            "PYTHONUNBUFFERED": "1",
            **self._shape.variables,
        }

    def _services(self, given: Mapping[str, str], logins: Mapping[str, str]) -> Sequence[Program]:
        made = {program.name: program for program in services(Size(self._shape.workers, self._shape.gateways), given)}
        for name, count in (("relay", self._shape.relays), ("notifier", self._shape.notifiers)):
            one = made.pop(name)
            # Only the first has a port for its metrics.
            own = [one.environment, *({**one.environment, "BUGALOU_METRICS_PORT": "0"} for _ in range(1, count))]
            made |= {
                f"{name}-{number}": replace(one, name=f"{name}-{number}", environment=environment)
                for number, environment in enumerate(own[:count], 1)
            }
        for name, port in zip((name for name in made if name.startswith("gateway")), self.gateway_ports, strict=True):
            made[name] = replace(made[name], environment={**made[name].environment, "BUGALOU_HTTP_PORT": str(port)})
        for name, program in made.items():
            login = {"BUGALOU_DATABASE_URL": logins[name.rpartition("-")[0]]}
            made[name] = replace(program, environment={**program.environment, **login})
        if self._checkout is not None:
            made = {name: replace(program, directory=self._checkout) for name, program in made.items()}
        return list(made.values())


async def _is_ready(url: str) -> bool:
    timeout = aiohttp.ClientTimeout(total=3)
    with suppress(aiohttp.ClientError, TimeoutError, OSError):
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/readyz") as answer:
            return answer.status == 200
    return False


@asynccontextmanager
async def running_stack(
    folder: Path, shape: Shape | None = None, *, checkout: Path | None = None, postgres_folder: Path | None = None
) -> AsyncIterator[Stack]:
    """Run a stack in a folder; `checkout` is another tree to run the services of (a broken copy)."""
    stack = Stack(Layout.at(folder), shape or Shape(), checkout=checkout, postgres_folder=postgres_folder)
    keeping = asyncio.ensure_future(stack.keep())
    try:
        await stack.start()
        yield stack
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        with suppress(StackError):
            await stack.stop()
