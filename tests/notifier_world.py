"""An SMTP server that tests can look into, and a database with orders and planned notifications."""

import asyncio
import email
import email.policy
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifier.notification import Planned
from services.notifier.plans import Plans
from shared.database import Database
from shared.dunning import ASKED
from shared.notifications import Kind
from shared.orders.moments import to_microseconds
from shared.versions import version_at
from tests.polling import eventually

ACCOUNT: Final = UUID(int=7)
CYCLE: Final = UUID(int=8)
AWAKE: Final = {
    "quietHours": {"from": "00:00", "to": "24:00"},
    "quietSundays": False,
    "quietHolidays": False,
    "settleSeconds": 0,
}
"""Settings with which reminders leave at any time."""


class Mailbox:
    """An SMTP server that keeps what it takes; `answers` are given before 250, one a message."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.rcpt_answers: dict[str, str] = {}
        self.answers: list[str] = []
        self.gate: asyncio.Event | None = None
        self.sessions: set[int] = set()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._protocols: list[SMTP] = []

    async def handle_RCPT(  # noqa: N802  # aiosmtpd names its hooks so
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.rcpt_answers:
            return self.rcpt_answers[address]
        self.sessions.add(id(session))
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # likewise
        if self.answers:
            return self.answers.pop(0)
        parsed = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        self.recipients += envelope.rcpt_tos
        if self.gate is not None:
            await self.gate.wait()
        return "250 kept"

    async def start(
        self,
        port: int = 0,
        *,
        utf8: bool = True,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            self._protocols.append(
                SMTP(
                    self,
                    enable_SMTPUTF8=utf8,
                    hostname="test",
                    loop=loop,
                    tls_context=starttls,
                    require_starttls=starttls is not None,
                )
            )
            return self._protocols[-1]

        self._server = await loop.create_server(protocol, "127.0.0.1", port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.drop_connections()
        if self._server is not None:
            self._server.close()
            self._server = None

    def drop_connections(self) -> None:
        for protocol in self._protocols:
            if isinstance(protocol.transport, asyncio.Transport):
                protocol.transport.abort()
        self._protocols.clear()


class World:
    """A database with one account, and what is asked of it in these tests."""

    def __init__(self, url: str, connection: "asyncpg.Connection[asyncpg.Record]", database: Database) -> None:
        self.url = url
        self.sql = connection
        self.database = database

    async def order(self, **fields: Any) -> UUID:
        """Store an order of 2,950 euro; names are columns."""
        order_id: UUID = uuid4()
        values = {
            "id": order_id,
            "account_id": ACCOUNT,
            "livemode": True,
            "platform": "custom",
            "order_number": f"INV-{order_id.hex[:6]}",
            "order_status": "delivered",
            "payment_status": "paid",
            "customer_email": f"{order_id.hex}@bedrijf.nl",
            "customer_name": "De Groot",
            "items": json.dumps([{"name": "Ontwerp", "quantity": "1", "price": "2950"}]),
            "total": 2950,
            "currency": "EUR",
            "amount_paid": 2950 if fields.get("payment_status", "paid") == "paid" else None,
            "version": 1,
            "newest": 1,
            "created_at": datetime.now(UTC),
            "updated_at": datetime.now(UTC),
            **fields,
        }
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.sql.execute(f"INSERT INTO orders ({', '.join(values)}) VALUES ({places})", *values.values())
        return order_id

    async def set(self, **settings: Any) -> None:
        """Give the account these settings."""
        document = msgspec.json.encode(settings).decode()
        await self.sql.execute(
            "INSERT INTO settings (account_id, document) VALUES ($1, $2) "
            "ON CONFLICT (account_id) DO UPDATE SET document = excluded.document",
            ACCOUNT,
            document,
        )

    async def change(self, order_id: UUID, **fields: Any) -> None:
        sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(fields, 2))
        await self.sql.execute(f"UPDATE orders SET {sets} WHERE id = $1", order_id, *fields.values())

    async def submission(self, order_id: UUID, moment: datetime) -> UUID:
        """Store the submission that began a run."""
        run_id: UUID = uuid4()
        await self.sql.execute(
            """INSERT INTO submissions (id, order_id, account_id, livemode, platform, order_number, version, state,
                   sets, clears, fingerprint, keyed, api_key_id, received_at, settled_at)
               VALUES ($1, $2, $3, true, 'custom', '', $4, 'applied', '{}', '{}', '', false, $1, now(), now())""",
            run_id,
            order_id,
            ACCOUNT,
            version_at(to_microseconds(moment)),
        )
        return run_id

    async def plan(
        self,
        order_id: UUID,
        event_type: str = "payment.paid",
        *,
        moment: datetime | None = None,
        settle: float = 0,
        live: bool = True,
        step: int = 1,
        cycle: UUID = CYCLE,
    ) -> Planned:
        """Plan the notification of a run that began at `moment`."""
        kind: Kind = "reminder" if event_type in ("reminder.due", ASKED) else "confirmation"
        run_id = cycle if kind == "reminder" else await self.submission(order_id, moment or datetime.now(UTC))
        planned = Planned(ACCOUNT, live, order_id, kind, event_type, run_id, step, "email")
        await Plans(self.database, settle_seconds=settle).add([planned])
        return planned

    async def row(self, planned: Planned) -> asyncpg.Record:
        row = await self.sql.fetchrow("SELECT * FROM notifications WHERE id = $1", planned.id)
        assert row is not None
        return row

    async def reaches(self, planned: Planned, *states: str) -> asyncpg.Record:
        async def there() -> bool:
            return (await self.row(planned))["state"] in states

        await until(there)
        return await self.row(planned)

    async def events(self) -> list[dict[str, Any]]:
        return [json.loads(row["body"]) for row in await self.sql.fetch("SELECT body FROM outbox ORDER BY created_at")]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    await eventually(lambda: condition())


@asynccontextmanager
async def standing_world(database_url: str, database: Database) -> AsyncIterator[World]:
    """Give a database with one account and nothing of it yet."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Studio Jansen')", ACCOUNT)
        yield World(database_url, connection, database)
    finally:
        await connection.close()
