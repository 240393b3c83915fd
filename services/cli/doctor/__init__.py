"""`bugalou doctor`: everything that an operator would look at, in words, with what to do; and a probe's exit code."""

import logging
import sys
from collections.abc import AsyncIterator
from typing import Annotated, Final, cast
from urllib.parse import parse_qs, urlsplit

import msgspec
from cyclopts import Parameter
from rich.console import Console

from services.cli.doctor import certificates
from services.cli.doctor.finding import Finding
from services.cli.doctor.machine import examine_mail, examine_python, examine_services
from services.cli.doctor.postgres import examine_postgres
from services.cli.doctor.rabbitmq import examine_rabbitmq
from services.cli.operate import EXIT_FAILED, carry_out, found_setting, setting
from services.notifier.channels.smtp import Server, Tls
from shared.database import Database
from shared.errors import BugalouError, Misconfigured
from shared.topology import Names

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "bold red", "unknown": "dim"}
_MAIL_SECONDS: Final = 5.0
Switch = Annotated[bool, Parameter(negative=())]


def doctor(*, json: Switch = False, strict: Switch = False, management: str | None = None) -> None:
    """Look at everything that an operator would, and say what to do; exits with 1 where something failed.

    It changes nothing, and may be run as a probe.

    Parameters
    ----------
    json
        Print an array of {check, state, says, do} for a program.
    strict
        Exit with 1 for a warning too.
    management
        RabbitMQ's management API, such as http://user:password@host:15672, to see bindings, policies and alarms.
    """
    for noisy in ("aio_pika", "aiormq"):  # what they would log is a finding
        logging.getLogger(noisy).setLevel(logging.CRITICAL)

    async def work() -> list[Finding]:
        found = []
        async for finding in _examine(management):
            found.append(finding)
            if not json:
                _show(finding)
        return found

    findings = carry_out(work)
    if json:
        print(msgspec.json.encode(findings).decode())
    bad = {"failed", "warning"} if strict else {"failed"}
    if any(finding.state in bad for finding in findings):
        sys.exit(EXIT_FAILED)


async def _examine(management: str | None) -> AsyncIterator[Finding]:
    yield examine_python()
    database_url, amqp_url = setting("DATABASE_URL"), setting("AMQP_URL")
    database = Database(database_url, purpose="doctor", most=1)
    try:
        await database.open()
    except BugalouError as error:
        yield Finding("postgres", "failed", str(error), "Start it, or mend BUGALOU_DATABASE_URL.")
    else:
        try:
            async for finding in examine_postgres(database, found_setting("SECRET_KEYS")):
                yield finding
        finally:
            await database.close()
    async for finding in examine_rabbitmq(amqp_url, Names(found_setting("AMQP_PREFIX") or "bugalou"), management):
        yield finding
    url = found_setting("URL")
    if url:
        yield await examine_services(url.rstrip("/"))
    mail = _mail_server()
    if mail is not None:
        yield await examine_mail(mail)
    async for finding in _certificates(database_url, amqp_url, mail):
        yield finding


def _mail_server() -> Server | None:
    host = found_setting("SMTP_HOST")
    if not host:
        return None
    port = found_setting("SMTP_PORT") or "25"
    if not port.isdecimal():
        raise Misconfigured("settings: SMTP_PORT: must be a number")
    return Server(
        host=host,
        port=int(port),
        username=found_setting("SMTP_USERNAME") or None,
        password=found_setting("SMTP_PASSWORD") or None,
        tls=cast("Tls", found_setting("SMTP_TLS") or "none"),
        ca_file=found_setting("SMTP_CA_FILE") or None,
        timeout_seconds=_MAIL_SECONDS,
    )


async def _certificates(database_url: str, amqp_url: str, mail: Server | None) -> AsyncIterator[Finding]:
    now = certificates.today()
    postgres = urlsplit(database_url)
    if parse_qs(postgres.query).get("sslmode", ["prefer"])[0] in ("require", "verify-ca", "verify-full"):
        fetch = certificates.shown_by_postgres
        host, port = postgres.hostname or "localhost", postgres.port or 5432
        yield await certificates.examine_certificate("postgres", fetch, host, port, now)
    for node in map(urlsplit, amqp_url.split(",")):
        if node.scheme == "amqps":
            host, port = node.hostname or "localhost", node.port or 5671
            fetch = certificates.shown_at_once
            yield await certificates.examine_certificate(f"rabbitmq at {host}", fetch, host, port, now)
    if mail is not None and mail.tls != "none":
        fetch = certificates.shown_after_starttls if mail.tls == "starttls" else certificates.shown_at_once
        yield await certificates.examine_certificate("the mail server", fetch, mail.host, mail.port, now)


def _show(finding: Finding) -> None:
    console = Console(highlight=False)
    console.print(f"{finding.state:8}", style=_COLOURS[finding.state], end="", markup=False)
    console.print(f" {finding.check}: {finding.says}", markup=False, soft_wrap=True)
    if finding.do:
        console.print(f"         {finding.do}", markup=False, soft_wrap=True)
