"""The gateway's object graph: `mount` adds it to an application, `graph` runs it alone."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from uuid_utils.compat import uuid7

from services.gateway.answers import Answers
from services.gateway.backlog import Backlog
from services.gateway.batch import BatchHandler
from services.gateway.clock import SharedClock
from services.gateway.group_commit import GroupCommit
from services.gateway.inbox import Inbox
from services.gateway.intake import Intake
from services.gateway.orders import OrdersHandler
from services.gateway.peers import Peers
from services.gateway.settings import Settings
from shared.broadcast import Broadcast
from shared.broker import BrokerConnection, Consumer
from shared.http.access import Access
from shared.http.health import add_checks, add_health
from shared.http.routes import add_routes
from shared.http.server import HttpServer, make_application
from shared.lifecycle import Component
from shared.publisher import Publisher
from shared.topology import Names
from shared.versions import NODES

INBOX_PREFETCH = 256
SILENT_SECONDS: Final = 4.0
"""A broker is asked every second; one that has not answered for so long is frozen."""
HANDLERS = (OrdersHandler, BatchHandler)
"""Every class with routes."""


def mount(application: web.Application, settings: Settings, access: Access) -> Sequence[Component]:
    """Add the gateway's routes and checks; return its components in the order in which they are to stop."""
    names = Names(settings.common.amqp_prefix)
    publishing = BrokerConnection(settings.common.amqp_url, names, "gateway publishes")
    listening = BrokerConnection(settings.common.amqp_url, names, "gateway awaits answers")
    clock = SharedClock(secrets.randbelow(NODES))
    access.keyring.watch_time(clock.measure)
    answers = Answers()
    application.on_shutdown.append(answers.leave)
    reply_to = f"{names.prefix}.answers.{uuid7()}"
    publisher = Publisher(publishing, timeout_seconds=settings.publish_seconds)
    backlog = Backlog(
        listening,
        names.submissions,
        most_submissions=settings.backlog_submissions,
        clock=lambda: clock.now() if clock.is_trusted else None,
    )
    peers = Peers(access.keyring.rate_limits, Broadcast(publisher, names.gateways))
    inbox = Inbox(settled=answers.take, pulse=backlog.take_pulse, taken=peers.take)
    consumer = Consumer(listening, reply_to, prefetch=INBOX_PREFETCH, accept=inbox.accept, private_to=names.gateways)
    commit = GroupCommit(publisher, names.submissions, settings.limits, reply_to=reply_to)
    intake = Intake(
        access.keyring,
        clock,
        commit,
        answers,
        backlog,
        body_seconds=settings.web.body_seconds,
        most_body_bytes=settings.bodies_bytes,
    )
    for handler in HANDLERS:
        add_routes(application, handler(intake))

    def broker() -> str:
        if not publishing.is_ready:
            return "RabbitMQ is away"
        return "ok" if backlog.age_seconds < SILENT_SECONDS else "RabbitMQ does not answer"

    add_checks(
        application,
        {
            "broker": broker,
            "clock": lambda: "ok" if clock.is_trusted else "Postgres's clock has not been measured yet",
        },
    )
    return (commit, peers, backlog, consumer, publishing, listening)


@asynccontextmanager
async def graph(settings: Settings) -> AsyncIterator[Sequence[Component]]:
    """Build the gateway; components in the order in which they are to stop."""
    application = make_application(settings.web)
    add_health(application)
    access = Access(settings.common.database_url)
    access.add_checks(application)
    components = mount(application, settings, access)
    server = HttpServer(application, settings.web, drain_seconds=settings.common.drain_seconds)
    yield (server, *components, *access.components)
