"""TLS to Postgres, RabbitMQ and the mail server: the whole road over it, and a stranger's server refused in words."""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import Struct

from services.cli.doctor.certificates import (
    Fetch,
    examine_certificate,
    shown_after_starttls,
    shown_at_once,
    shown_by_postgres,
)
from services.cli.stack.errors import StackError
from services.cli.stack.ports import free_ports
from services.cli.stack.postgres import PrivatePostgres
from services.cli.stack.rabbitmq import PrivateRabbitMQ
from services.console.accounts import Accounts
from services.notifier.channels.smtp import Server, SmtpConnections, SmtpUnavailable, Tls
from shared.broker import BrokerConnection
from shared.database import Database
from shared.errors import Misconfigured
from shared.keys import SCOPES
from shared.migrations import migrate
from shared.topology import Names
from tests.authority import Authority
from tests.gateways import SEED
from tests.isolation import execute
from tests.live import running_live
from tests.notifier_world import Mailbox


class Secured(Struct, frozen=True):
    """Servers that speak TLS, the authority that vouches for them, and one that does not."""

    authority: Authority
    stranger: Authority
    postgres: str
    rabbitmq: str

    def database_url(self, authority: Authority, mode: str = "verify-full") -> str:
        return f"{self.postgres}?sslmode={mode}&sslrootcert={authority.file}"

    def amqp_url(self, authority: Authority) -> str:
        return f"{self.rabbitmq}?cafile={authority.file}"


class TlsRabbitMQ(PrivateRabbitMQ):
    """A broker that speaks TLS on a second port."""

    def __init__(self, directory: Path, port: int, tls_port: int, *, password: str, authority: Authority) -> None:
        super().__init__(directory, port, password=password)
        self.tls_port = tls_port
        self._authority = authority

    def prepare(self) -> None:
        super().prepare()
        certificate, key = self._authority.issue()
        files = {"cert": certificate, "key": key, "ca": self._authority.file.read_text()}
        for name, text in files.items():
            self._owner.write(self.directory / f"{name}.pem", text)
        with (self.directory / "rabbitmq.conf").open("a") as configuration:
            configuration.write(
                f"listeners.ssl.private = 127.0.0.1:{self.tls_port}\n"
                f"ssl_options.cacertfile = {self.directory}/ca.pem\n"
                f"ssl_options.certfile = {self.directory}/cert.pem\n"
                f"ssl_options.keyfile = {self.directory}/key.pem\n"
            )


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    ports = free_ports(3)
    with ExitStack() as running:
        try:
            postgres = PrivatePostgres(folder / "postgres", ports[0], password=secrets.token_hex(8), durable=False)
            rabbitmq = TlsRabbitMQ(
                folder / "rabbitmq", ports[1], ports[2], password=secrets.token_hex(8), authority=authority
            )
        except StackError as error:
            pytest.skip(str(error))
        running.enter_context(postgres)
        certificate, key = authority.issue(days=1)
        for name, text in (("server.crt", certificate), ("server.key", key)):
            postgres._owner.write(postgres.data / name, text)
        asyncio.run(_switch_on(postgres.url))
        running.enter_context(rabbitmq)
        amqps = rabbitmq.url.replace("amqp://", "amqps://").replace(f":{rabbitmq.port}/", f":{rabbitmq.tls_port}/")
        yield Secured(authority, stranger, postgres.url, amqps)


async def _switch_on(url: str) -> None:
    await execute(url, "ALTER SYSTEM SET ssl = on")
    await execute(url, "SELECT pg_reload_conf()")


async def test_orders_travel_over_tls_from_end_to_end(servers: Secured) -> None:
    database_url, amqp_url = servers.database_url(servers.authority), servers.amqp_url(servers.authority)
    await migrate(database_url)
    database = Database(database_url, purpose="test")
    await database.open()
    _, live, _ = await Accounts(database).create("De Groot", SCOPES)
    async with running_live(live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix="tls") as client:
        stored = await client.post({**SEED, "total": "1.00"}, Prefer="wait=20")
        assert (stored.status, stored.document["order"]["total"]) == (201, "1.00")
        async with database.transaction() as connection:
            rows = await connection.fetch(
                "SELECT a.application_name FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid)"
                " WHERE NOT s.ssl AND a.application_name LIKE 'bugalou%'"
            )
        assert rows == []
    await database.close()


async def test_servers_that_nobody_vouches_for_are_refused_in_words(servers: Secured) -> None:
    with pytest.raises(
        Misconfigured, match=r"DATABASE_URL: Postgres's certificate is refused \(.*certificate.*sslrootcert"
    ):
        await Database(servers.database_url(servers.stranger), purpose="test").open()
    elsewhere = servers.database_url(servers.authority).replace("127.0.0.1", "localhost")
    with pytest.raises(Misconfigured, match=r"certificate is refused \(Hostname mismatch"):
        await Database(elsewhere, purpose="test").open()
    connection = BrokerConnection(servers.amqp_url(servers.stranger), Names("tls"), "test")
    with pytest.raises(Misconfigured, match=r"AMQP_URL: RabbitMQ's certificate is refused \(.*certificate.*cafile"):
        await asyncio.wait_for(connection.run(), 20)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    yield mailbox
    await mailbox.stop()


@pytest.mark.parametrize("mode", ["tls", "starttls"])
async def test_mail_is_handed_over_to_a_server_that_the_authority_vouches_for_alone(
    servers: Secured, mailbox: Mailbox, mode: Tls
) -> None:
    context = servers.authority.server_context()
    contexts: dict[str, ssl.SSLContext] = {mode: context}
    await mailbox.start(tls=contexts.get("tls"), starttls=contexts.get("starttls"))

    def connections(ca_file: str | None) -> SmtpConnections:
        server = Server(
            host="127.0.0.1", port=mailbox.port, username=None, password=None, tls=mode, ca_file=ca_file,
            timeout_seconds=10,
        )  # fmt: skip
        return SmtpConnections(server, own_name="test")

    trusting = connections(str(servers.authority.file))
    async with trusting.connection() as smtp:
        await smtp.sendmail("a@example.com", ["b@example.com"], b"Subject: secret\r\n\r\nhello\r\n")
    await trusting.close()
    assert [mail["Subject"] for mail in mailbox.mails] == ["secret"]
    for untrusting in (connections(str(servers.stranger.file)), connections(None)):
        with pytest.raises(SmtpUnavailable, match="its certificate is refused"):
            async with untrusting.connection():
                pass


async def test_doctor_sees_until_when_certificates_are_valid(servers: Secured, mailbox: Mailbox) -> None:
    now = datetime.now(UTC)

    async def state(fetch: Fetch, port: int) -> str:
        return (await examine_certificate("it", fetch, "127.0.0.1", port, now)).state

    ports = [int(url.rpartition(":")[2].partition("/")[0]) for url in (servers.postgres, servers.rabbitmq)]
    assert await state(shown_by_postgres, ports[0]) == "warning", "a day is soon"
    assert await state(shown_at_once, ports[1]) == "ok"
    await mailbox.start(starttls=servers.authority.server_context(days=-1))
    assert await state(shown_after_starttls, mailbox.port) == "failed", "it has expired"
    assert await state(shown_at_once, mailbox.port) == "failed", "it shows none"
