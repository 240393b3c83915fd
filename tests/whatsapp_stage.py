"""An account that has WhatsApp on, with a Cloud API and a mail server that tests can look into."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from services.console.whatsapp import WhatsAppAccounts
from services.console.whatsapp_body import WhatsAppDraft
from services.console.whatsapp_hook import StatusInbox, read_statuses
from services.notifier.attempts import Attempts
from services.notifier.channels import Channel
from services.notifier.channels.email import EmailChannel
from services.notifier.channels.mime import Sender
from services.notifier.channels.smtp import Server, SmtpConnections
from services.notifier.channels.whatsapp.channel import WhatsAppChannel
from services.notifier.channels.whatsapp.cloud_api import CloudApi
from services.notifier.channels.whatsapp.credentials import StoredCredentials
from services.notifier.claims import Claims
from services.notifier.dispatcher import Dispatcher
from services.notifier.notification import Planned
from services.notifier.plans import Plans
from services.notifier.preparation import Preparation
from services.notifier.status_updates import StatusUpdates
from shared.messages.rendering import Renderer
from shared.secrets import Secrets, generate_key
from tests.notifier_world import ACCOUNT, AWAKE, Mailbox, World, until
from tests.whatsapp_server import PHONE_NUMBER_ID, TOKEN, CloudApiServer

SECRETS: Final = Secrets([generate_key()])
PHONE: Final = "+31612345678"
ON: Final = {**AWAKE, "channels": {"email": True, "whatsapp": True}}


class Both(Struct, frozen=True):
    """A notification over WhatsApp, and the e-mail that would take its place."""

    whatsapp: Planned
    email: Planned


class Stage:
    """An account that has WhatsApp on, its Cloud API and its mail server."""

    def __init__(self, world: World, server: CloudApiServer, mailbox: Mailbox) -> None:
        self.world = world
        self.server = server
        self.mailbox = mailbox
        self.inbox = StatusInbox(world.database, SECRETS)
        self.applying = StatusUpdates(world.database)

    async def give_access(self, account: UUID = ACCOUNT, token: str = TOKEN) -> None:
        draft = WhatsAppDraft(phone_number_id=PHONE_NUMBER_ID, token=token, app_secret=None, verify_token=None)
        await WhatsAppAccounts(self.world.database, self.world.database, SECRETS).replace(account, draft)

    async def order(self, **fields: Any) -> UUID:
        return await self.world.order(**{"customer_phone": PHONE, **fields})

    async def plan(self, order_id: UUID, event_type: str = "payment.paid", **more: Any) -> Both:
        """Plan as the intake does: over each channel, of which one is taken."""
        email = await self.world.plan(order_id, event_type, **more)
        whatsapp = replace(email, channel="whatsapp")
        await Plans(self.world.database, settle_seconds=0).add([email, whatsapp])
        return Both(whatsapp, email)

    async def tell(self, message: dict[str, Any], status: str, code: int | None = None) -> None:
        """Tell of a message as Meta does, to the console, and let a notifier look."""
        statuses = read_statuses(self.server.status(message, status, code))
        await self.inbox.keep(ACCOUNT, statuses)
        await self.applying.apply()

    async def planned(self, planned: Planned) -> bool:
        return await self.world.sql.fetchval("SELECT 1 FROM notifications WHERE id = $1", planned.id) is not None

    async def reaches(self, planned: Planned, *states: str) -> asyncpg.Record:
        """Wait until a notification, which need not be planned yet, is in one of these states."""
        await until(lambda: self.planned(planned))
        return await self.world.reaches(planned, *states)

    def channels(self, *, seconds: float = 5.0) -> dict[str, Channel]:
        server = Server(
            host="127.0.0.1", port=self.mailbox.port, username=None, password=None, tls="none", timeout_seconds=5
        )
        sender = Sender("Bugalou", "no-reply@bugalou.example")
        connections = SmtpConnections(server, own_name="test.example")
        api = CloudApi(self.server.url, timeout_seconds=seconds, connections=10)
        return {
            "email": EmailChannel(connections, sender, deadline_seconds=10, clock=lambda: datetime.now(UTC)),
            "whatsapp": WhatsAppChannel(api, StoredCredentials(self.world.database, SECRETS)),
        }

    @asynccontextmanager
    async def running(self, *, lease: float = 30, seconds: float = 5.0) -> AsyncIterator[None]:
        """Run a notifier's dispatchers."""
        claims = Claims(
            self.world.database,
            Preparation(Renderer()),
            lease_seconds=lease,
            settle_seconds=0,
            is_behind=lambda: False,
        )
        dispatchers = [
            Dispatcher(
                name,
                channel,
                claims,
                Attempts(self.world.database),
                concurrent=5,
                sweep_seconds=0.2,
                lease_seconds=lease,
            )
            for name, channel in self.channels(seconds=seconds).items()
        ]
        async with asyncio.TaskGroup() as group:
            for dispatcher in dispatchers:
                group.create_task(dispatcher.run())
            try:
                yield
            finally:
                for dispatcher in dispatchers:
                    dispatcher.stop()
