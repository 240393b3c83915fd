"""The whole road, its error paths too, with marked keys, names, addresses and secrets: no log holds one of them."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import aio_pika
import msgspec
import pytest

from services.cli.stack.ports import free_ports
from shared.contracts import SubmissionBatch
from shared.database import Database
from shared.keys import make_key
from shared.topology import Names
from tests.gateways import JSON, SEED, Client, client_of
from tests.isolation import execute
from tests.notifier_world import Mailbox
from tests.polling import eventually
from tests.queues import channel_to
from tests.submissions import submission
from tests.tenant import Tenant

NAME: Final = "Zebedeus Vlierboom"
EMAIL: Final = "zebedeus.vlierboom@qx-mark.example"
REFUSED: Final = "refused.vlierboom@qx-mark.example"
PHONE: Final = "+31698765432"
IBAN: Final = "NL91ABNA0417164300"
IDEMPOTENCY: Final = "idem-qx-mark-81"
NONSENSE: Final = "qx-mark-nonsense"
PERSON: Final = {"customerName": NAME, "customerEmail": EMAIL, "customerPhone": PHONE}
QUOTING: Final = """
CREATE FUNCTION quote_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'cannot keep % at %', NEW.customer_name, NEW.customer_email; END $$;
CREATE TRIGGER quote_person BEFORE INSERT OR UPDATE ON orders FOR EACH ROW
    WHEN (NEW.customer_name IS NOT NULL) EXECUTE FUNCTION quote_person();
"""
PAID: Final = {"paymentStatus": "paid", "total": "10.00", "currency": "EUR", "amountPaid": "10.00"}


@contextmanager
def process(log: Path, environment: dict[str, str], *words: str) -> Iterator[None]:
    """Run one service, its standard error in a file."""
    with log.open("wb") as errors:
        running = subprocess.Popen([sys.executable, "-m", *words], env={**os.environ, **environment}, stderr=errors)
        try:
            yield
        finally:
            running.terminate()
            running.wait(20)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    mailbox.rcpt_answers[REFUSED] = f"550 5.1.1 <{REFUSED}>: {NAME} does not live here"
    await mailbox.start()
    yield mailbox
    await mailbox.stop()


async def test_no_log_holds_a_key_a_secret_or_personal_data(
    tmp_path: Path,
    database: Database,
    database_url: str,
    amqp_url: str,
    amqp_prefix: str,
    account: Tenant,
    mailbox: Mailbox,
) -> None:
    port, wrong = free_ports(1)[0], make_key(live=True)
    environment = {
        "BUGALOU_DATABASE_URL": database_url, "BUGALOU_AMQP_URL": amqp_url, "BUGALOU_AMQP_PREFIX": amqp_prefix,
        "BUGALOU_HTTP_PORT": str(port), "BUGALOU_LOG_LEVEL": "debug", "BUGALOU_SETTLE_SECONDS": "0",
        "BUGALOU_SMTP_HOST": "127.0.0.1", "BUGALOU_SMTP_PORT": str(mailbox.port),
        "BUGALOU_NOTIFIER_SWEEP_SECONDS": "0.5",
    }  # fmt: skip
    await execute(database_url, f"ALTER TABLE orders ADD CHECK (customer_name <> '{NAME} jr.')")
    with ExitStack() as services:
        for words in (
            ("services", "gateway", "console"),
            ("services.worker",),
            ("services.relay",),
            ("services.notifier",),
        ):
            services.enter_context(process(tmp_path / f"{words[-1]}.log", environment, *words))
        async with client_of(f"http://127.0.0.1:{port}", account.live.key) as client:
            await eventually(client.is_ready, within=60, what="the services are ready")
            await good_and_bad_requests(client, wrong)
            await bad_messages(amqp_url, amqp_prefix, account)

            async def all_happened() -> bool:
                async with database.transaction() as connection:
                    causes = {row[0] for row in await connection.fetch("SELECT cause FROM failures")}
                    failed = await connection.fetchval("SELECT count(*) FROM notifications WHERE state = 'failed'")
                return {"undecodable", "22P02", "23514"} <= causes and failed >= 1 and len(mailbox.mails) >= 1

            await eventually(all_happened, within=60, what="the good and the bad happened")
            # What nobody foresaw: a table that is gone, and an error that quotes the person.
            await execute(database_url, "ALTER TABLE orders RENAME TO gone")
            assert (await client.get(f"/api/v1/orders?customerEmail={quote(EMAIL)}")).status == 500
            await execute(database_url, "ALTER TABLE gone RENAME TO orders")
            await execute(database_url, QUOTING)
            await client.post({**SEED, **PERSON, "orderNumber": "AFTER"})
            worker_log = tmp_path / "services.worker.log"
            await eventually(lambda: "process.failed" in worker_log.read_text(), within=30, what="the worker fails")
            assert "RaiseError" in worker_log.read_text(), "it fails of that error"
    logs = read_all(tmp_path)
    assert len(logs) == 4
    everything = "\n".join(logs.values())
    for event in ("submission.set_aside", "message.undecodable", "request.failed", "delivery.finished", "exception"):
        assert event in everything, f"{event} is among what happened"
    passwords = [password for url in (database_url, amqp_url) if (password := urlsplit(url).password)]
    marks = (
        *("Zebedeus", "Vlierboom", "vlierboom", "qx-mark", PHONE, PHONE[3:], IBAN, IBAN[8:], IDEMPOTENCY, NONSENSE),
        *(account.live.key, account.live.key[8:20], account.test.key, wrong, wrong[8:20], *passwords),
    )
    assert [(mark, name) for mark in marks for name, text in logs.items() if mark in text] == []


def read_all(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.log")}


async def good_and_bad_requests(client: Client, wrong: str) -> None:
    """Send what is taken, and what is not."""

    async def put_settings(document: dict[str, Any]) -> int:
        body, headers = msgspec.json.encode(document), {"X-API-Key": client.key, **JSON}
        return (await client.ask("PUT", "/api/v1/settings", body, headers)).status

    assert await put_settings({"iban": IBAN, "senderName": NAME, "replyTo": EMAIL}) == 200
    assert await put_settings({"iban": f"{IBAN}1", NONSENSE: NAME}) == 422
    first = await client.post({**SEED, **PERSON, **PAID}, Prefer="wait=20", Idempotency_Key=IDEMPOTENCY)
    assert first.status == 201
    again = await client.post({**SEED, **PERSON}, Prefer="wait=20", Idempotency_Key=IDEMPOTENCY)
    assert again.status == 422, "the key stands for another body"
    refused = {**SEED, **PERSON, **PAID, "customerEmail": REFUSED, "orderNumber": "REFUSED"}
    assert (await client.post(refused)).status == 202
    assert (await client.post({**SEED, **PERSON, "orderNumber": "JR", "customerName": f"{NAME} jr."})).status == 202
    assert (await client.post({**SEED, **PERSON, "total": NAME})).status == 422
    headers = {"X-API-Key": client.key, **JSON}
    assert (await client.ask("POST", "/api/v1/orders", f'{{"{NAME}'.encode(), headers)).status == 400
    assert (await client.ask("GET", f"/api/v1/orders/{NONSENSE}/{quote(EMAIL)}", headers=headers)).status == 404
    assert (await client.ask("GET", "/api/v1/orders", headers={"Authorization": f"Bearer {wrong}"})).status == 401
    for path in (f"/api/v1/orders?q={quote(NAME)}", f"/api/v1/orders.csv?customerEmail={quote(EMAIL)}"):
        assert (await client.get(path)).status == 200


async def bad_messages(amqp_url: str, amqp_prefix: str, account: Tenant) -> None:
    """Put messages into the queue that no gateway would send."""
    poison = submission("BAD", account=account.id, total=f"1 {NAME}", customerEmail=EMAIL)
    bodies = (
        msgspec.msgpack.encode(SubmissionBatch([poison])),
        msgspec.msgpack.encode({"type": "submissions.v1", "submissions": [{"id": NAME, "mail": EMAIL}]}),
        f"{NAME} {EMAIL}".encode(),
    )
    async with channel_to(amqp_url) as channel:
        for body in bodies:
            await channel.default_exchange.publish(aio_pika.Message(body), Names(amqp_prefix).submissions)
        events = await channel.get_exchange(Names(amqp_prefix).events, ensure=False)
        await events.publish(aio_pika.Message(f'{{"{NAME}": "{EMAIL}"}}'.encode()), "payment.paid.x")
