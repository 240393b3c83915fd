"""The PostgreSQL and RabbitMQ that the stack uses: private ones, or the user's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.cli.stack.layout import Layout
from services.cli.stack.ports import LOOPBACK
from services.cli.stack.postgres import PrivatePostgres
from services.cli.stack.program import Program
from services.cli.stack.rabbitmq import PrivateRabbitMQ
from services.cli.stack.state import State
from services.cli.stack.supervisor import Supervisor

DATABASE_VARIABLE: Final = "BUGALOU_DATABASE_URL"
AMQP_VARIABLE: Final = "BUGALOU_AMQP_URL"
_START_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Addresses:
    """Where the two servers are, what the database is called whatever its port, and whether it is a new one."""

    database: str
    amqp: str
    place: str
    fresh: bool


class Servers:
    """Starts the private servers that are needed, both at once, under the supervisor."""

    def __init__(self, layout: Layout, state: State, supervisor: Supervisor, say: Callable[[str], None]) -> None:
        self._layout = layout
        self._state = state
        self._supervisor = supervisor
        self._say = say

    def start(self, environment: Mapping[str, str]) -> Addresses:
        """Return the addresses once both servers can be used."""
        state, layout = self._state, self._layout
        database = self._own(environment, DATABASE_VARIABLE, state.postgres_password)
        amqp = self._own(environment, AMQP_VARIABLE, state.rabbitmq_password)
        state.choose_ports("postgres", "rabbitmq", "distribution", "epmd", "mail")
        # On disk before any data is made: the passwords in that data are these.
        state.save(layout.state)
        programs: list[Program] = []
        place, fresh = _place(database), False
        if amqp is None:
            rabbitmq = PrivateRabbitMQ(
                layout.rabbitmq,
                state.ports["rabbitmq"],
                password=state.rabbitmq_password,
                internal_ports=(state.ports["epmd"], state.ports["distribution"]),
            )
            rabbitmq.prepare()
            amqp = rabbitmq.url
            self._say(f"starting RabbitMQ on {LOOPBACK}:{rabbitmq.port}")
            programs += rabbitmq.programs()
            self._supervisor.add(*programs)
        if database is None:
            postgres = PrivatePostgres(layout.postgres, state.ports["postgres"], password=state.postgres_password)
            fresh = not postgres.data.exists()
            self._say(f"starting PostgreSQL on {LOOPBACK}:{postgres.port}")
            postgres.prepare()
            database = postgres.url
            programs += postgres.programs()
            self._supervisor.add(*postgres.programs())
        self._supervisor.wait_ready(programs, _START_SECONDS)
        return Addresses(database, amqp, place, fresh)

    def _own(self, environment: Mapping[str, str], variable: str, private_password: str) -> str | None:
        """Return the address of a server of the user's own, None where there is none."""
        url = environment.get(variable)
        # A shell that has read .local/env names our own private server.
        if not url or private_password in url:
            return None
        self._say(f"using {variable} of the environment")
        return url


def _place(database_url: str | None) -> str:
    if database_url is None:
        return "private"
    parts = urlsplit(database_url)
    return f"{parts.hostname}:{parts.port or 5432}{parts.path}"
