"""The main job with every service as a process: an invoice is sent, paid, and its client thanked once."""

import asyncio
import email
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import Struct

from services.cli.stack.env_file import read_env
from services.cli.stack.layout import CHECKOUT, Layout
from services.cli.stack.leftovers import find_leftovers
from services.cli.stack.ports import free_ports
from shared.database import Database
from tests.gateways import JSON, Answer, Client, client_of
from tests.isolation import fresh_database, fresh_prefix
from tests.polling import eventually

# Copied from the document that users write against; a request copied from it must work unchanged.
SEND_INVOICE: Final = b"""{
"platform": "custom",
"orderNumber": "INV-2026-042",
"orderStatus": "processing",
"customerEmail": "klant@bedrijf.nl",
"customerName": "Architectenbureau De Groot",
"items": [
{"name": "Ontwerp woning - fase 1", "quantity": 1, "price": "2500.00"},
{"name": "Bouwtechnisch advies", "quantity": 3, "price": "150.00"}
],
"total": "2950.00",
"currency": "EUR",
"paymentStatus": "pending",
"invoiceNumber": "INV-2026-042",
"invoiceUrl": "https://mijn-boekhouding.nl/facturen/INV-2026-042.pdf"
}
"""
UPDATE_PAYMENT: Final = b"""{
"platform": "custom",
"orderNumber": "INV-2026-042",
"orderStatus": "delivered",
"paymentStatus": "paid",
"paymentMethod": "bankoverschrijving",
"amountPaid": "2950.00"
}
"""
DUTCH_AMOUNT: Final = "€\u00a02.950,00"


class Stack(Struct, frozen=True):
    """All services as `bugalou up` runs them, on the tests' own servers."""

    layout: Layout
    client: Client
    database: Database

    async def post(self, body: bytes) -> Answer:
        return await self.client.ask("POST", "/api/v1/orders", body, {"X-API-Key": self.client.key, **JSON})

    async def order(self, number: str) -> dict[str, Any] | None:
        answer = await self.client.get(f"/api/v1/orders/custom/{number}")
        return answer.document["order"] if answer.status == 200 else None

    def mails_to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in map(_read_mail, sorted(self.layout.mail.glob("*.eml"))) if mail["X-RcptTo"] == address]

    def pid_of(self, name: str) -> int:
        return int(self.layout.pid_file(name).read_text())


def _read_mail(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=default)


def _bugalou(environment: dict[str, str], *words: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("bugalou")), *words],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
async def stack(
    postgres_url: str, template: str, amqp_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    async with fresh_database(postgres_url, template) as database_url, fresh_prefix(amqp_url) as prefix:
        layout = Layout.at(tmp_path_factory.mktemp("main-job") / "local")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BUGALOU_")}
        environment |= {
            "BUGALOU_DATABASE_URL": database_url,
            "BUGALOU_AMQP_URL": amqp_url,
            "BUGALOU_AMQP_PREFIX": prefix,
            "BUGALOU_SETTLE_SECONDS": "1",
        }
        local = ("--local", str(layout.root))
        up = ("up", "--workers", "2", "--gateways", "2", "--port", str(free_ports(1)[0]), "--detach", *local)
        database = Database(database_url, purpose="test", most=2)
        try:
            await asyncio.to_thread(_bugalou, environment, *up)
            await database.open()
            given = read_env(layout.env)
            async with client_of(given["BUGALOU_URL"], given["BUGALOU_API_KEY"]) as client:
                yield Stack(layout, client, database)
        finally:
            await database.close()
            await asyncio.to_thread(_bugalou, environment, "down", *local)
        assert find_leftovers(layout) == []


async def test_seeds_two_requests_give_a_paid_order_and_one_thank_you_in_dutch(stack: Stack) -> None:
    sent, paid = await stack.post(SEND_INVOICE), await stack.post(UPDATE_PAYMENT)
    assert (sent.status, paid.status) == (202, 202)
    assert (sent.document["success"], sent.document["warnings"]) == (True, [])

    async def merged() -> dict[str, Any] | None:
        order = await stack.order("INV-2026-042")
        # Two workers may store the two in either order: the order is whole once both are in its history.
        whole = order is not None and order["paymentStatus"] == "paid" and order["total"] is not None
        return order if whole else None

    order = await eventually(merged, what="the order is merged")
    assert order is not None
    assert (
        order
        | {
            "orderStatus": "delivered",
            "paymentStatus": "paid",
            "paymentMethod": "bankoverschrijving",
            "customerEmail": "klant@bedrijf.nl",
            "customerName": "Architectenbureau De Groot",
            "total": "2950.00",
            "amountPaid": "2950.00",
            "amountDue": "0.00",
            "currency": "EUR",
            "invoiceNumber": "INV-2026-042",
        }
        == order
    )
    assert [item["price"] for item in order["items"]] == ["2500.00", "150.00"]

    def thanks() -> list[EmailMessage]:
        return stack.mails_to("klant@bedrijf.nl")

    await eventually(thanks, within=40, what="the client is thanked")
    # The sender is unsure and sends it all again; then another client pays, whose thanks come after any second one.
    assert [(await stack.post(body)).status for body in (UPDATE_PAYMENT, SEND_INVOICE, UPDATE_PAYMENT)] == [202] * 3
    other = UPDATE_PAYMENT.replace(b"INV-2026-042", b"INV-2026-043").replace(
        b'"orderStatus"', b'"customerEmail": "ander@bedrijf.nl", "total": "1.00", "currency": "EUR", "orderStatus"'
    )
    assert (await stack.post(other)).status == 202
    await eventually(lambda: stack.mails_to("ander@bedrijf.nl"), within=40, what="the other client is thanked")
    [mail] = thanks()
    assert mail["X-Bugalou-Notification"] == "confirmation"
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        assert DUTCH_AMOUNT in part.get_content().replace("&nbsp;", "\u00a0")
    receipt = await stack.client.get(sent.headers["Location"])
    assert receipt.document["receipt"]["state"] == "applied"


async def test_workers_killed_in_a_burst_lose_and_double_nothing_that_was_accepted(stack: Stack) -> None:
    total, killed = 600, []
    answers: list[Answer] = []

    async def send(client: int) -> None:
        for number in range(client, total, 20):
            body = UPDATE_PAYMENT.replace(b"INV-2026-042", f"BURST-{number % 200}".encode())
            # A field of its own, so that none is a retry of another.
            body = body.replace(b"bankoverschrijving", f"method {number}".encode())
            answers.append(await stack.post(body))

    async def kill(name: str, after: int) -> None:
        await eventually(lambda: len(answers) >= after, within=60, what=f"{after} answers")
        killed.append(stack.pid_of(name))
        os.kill(killed[-1], signal.SIGKILL)

    await asyncio.gather(kill("worker-1", total // 4), kill("worker-2", total // 2), *map(send, range(20)))
    assert Counter(answer.status for answer in answers) == {202: total}
    accepted = {answer.document["receipt"]["id"] for answer in answers}
    assert len(accepted) == total

    async def stored() -> Counter[str]:
        async with stack.database.transaction() as connection:
            rows = await connection.fetch(
                "SELECT s.id FROM submissions AS s JOIN orders AS o ON o.id = s.order_id"
                " WHERE o.order_number LIKE 'BURST-%'"
            )
        return Counter(str(row["id"]) for row in rows)

    async def all_stored() -> bool:
        return set(await stored()) >= accepted

    await eventually(all_stored, within=60, what="every 202 is in the history")
    assert await stored() == dict.fromkeys(accepted, 1)

    async def created() -> int:
        async with stack.database.transaction() as connection:
            return int(
                await connection.fetchval(
                    "SELECT count(*) FROM outbox AS e JOIN orders AS o ON o.id = e.order_id"
                    " WHERE e.type = 'order.created' AND o.order_number LIKE 'BURST-%'"
                )
            )

    assert await created() == 200
    await eventually(
        lambda: not {stack.pid_of("worker-1"), stack.pid_of("worker-2")} & set(killed),
        what="the supervisor has started both again",
    )
