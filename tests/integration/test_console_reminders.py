"""What is to come of the ladder, reminders that a person asks for, pauses, and the suppression list, over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from msgspec.structs import replace

from services.console.accounts import Accounts
from services.notifier.planner import plan, read_event
from services.notifier.plans import Plans
from services.relay.ladders import Ladders
from services.relay.store import Outbox
from services.worker.store import Store
from shared.contracts import Submission
from shared.database import Database
from shared.orders.moments import to_microseconds
from shared.versions import version_at
from tests.consoles import known, read, read_all
from tests.gateways import JSON, Answer, Client
from tests.polling import eventually
from tests.submissions import submission
from tests.tenant import Tenant

CLIENT = "Klant@bedrijf.nl"


class Steps:
    """The services around the console, driven by hand: what is sent is settled, carried, told and planned."""

    def __init__(self, database: Database, account: Tenant) -> None:
        self._database = database
        self._account = account
        self._store = Store(database)
        self._outbox = Outbox(database)
        self._plans = Plans(database, settle_seconds=0)

    async def send(self, number: str, *, live: bool = True, **sets: Any) -> Submission:
        moment = to_microseconds(datetime.now(UTC))
        values = {"total": "100", "currency": "EUR", "customerEmail": CLIENT, **sets}
        made = submission(number, account=self._account.id, live=live, **values)
        made = replace(made, version=version_at(moment), received_at=moment)
        await self._store.settle([made])
        await self.carry()
        return made

    async def carry(self) -> None:
        """Carry what is in the outbox, and plan what it asks for."""
        async with self._outbox.claim(500) as batch:
            batch.sent.extend(event.id for event in batch.events)
        planned = [one for event in batch.events for one in plan(read_event(event.body), ("email",))]
        if planned:
            await self._plans.add(planned)

    async def climb(self) -> None:
        """Tell the steps that are due, and plan them."""
        await Ladders(self._database).look(100)
        await self.carry()

    async def execute(self, statement: str, *values: Any) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(statement, *values)

    async def states(self) -> list[tuple[str, str | None]]:
        async with self._database.transaction() as connection:
            rows = await connection.fetch("SELECT state, reason FROM notifications ORDER BY created_at")
        return [(row["state"], row["reason"]) for row in rows]


@pytest.fixture
def steps(database: Database, account: Tenant) -> Steps:
    return Steps(database, account)


async def ask(client: Client, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
    headers = {"X-API-Key": key or client.key, **(JSON if body is not None else {})}
    return await client.ask(method, f"/api/v1{path}", b"" if body is None else msgspec.json.encode(body), headers)


def days(number: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=number)).isoformat()


async def test_steps_to_come_are_listed_and_become_the_rows_that_were_announced(console: Client, steps: Steps) -> None:
    await steps.send("1", paymentStatus="pending", dueDate=days(20))
    announced = await read_all(console, "/orders/custom/1/notifications")
    assert [(row["step"], row["state"], row["channel"]) for row in announced] == [
        (1, "planned", "email"),
        (2, "planned", "email"),
        (3, "planned", "email"),
    ]
    assert await read_all(console, "/orders/custom/1/notifications", limit=1) == announced
    await steps.send("1", paymentStatus="overdue")
    await steps.climb()
    rows = await read_all(console, "/orders/custom/1/notifications")
    assert [row["id"] for row in rows] == [row["id"] for row in announced]
    assert rows[1:] == announced[1:]
    assert rows[0]["dueAt"] < announced[0]["dueAt"]


async def test_what_will_never_come_is_not_listed(console: Client, steps: Steps) -> None:
    await steps.send("1", paymentStatus="pending", dueDate=days(20))
    await steps.send("1", paymentStatus="paid")
    assert [row["kind"] for row in await read_all(console, "/orders/custom/1/notifications")] == ["confirmation"]


async def test_a_reminder_that_is_asked_for_becomes_the_row_that_was_answered(console: Client, steps: Steps) -> None:
    await steps.send("1", paymentStatus="pending", dueDate=days(20))
    answer = await ask(console, "POST", "/orders/custom/1/remind")
    assert answer.status == 202
    (asked,) = answer.document["notifications"]
    again = await ask(console, "POST", "/orders/custom/1/remind")
    assert again.document["notifications"][0]["id"] == asked["id"]
    await steps.carry()
    rows = await read_all(console, "/orders/custom/1/notifications")
    assert rows[0]["id"] == asked["id"]
    assert len(rows) == 4
    # And now it has been sent.
    await steps.execute(
        "UPDATE notifications SET state = 'sent', sent_at = now(), day = (now() AT TIME ZONE 'Europe/Amsterdam')::date"
    )
    refused = await ask(console, "POST", "/orders/custom/1/remind")
    assert (refused.status, refused.document["code"]) == (409, "client_reminded_today")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"paymentStatus": "paid"}, "nothing_to_remind"),
        ({"paymentStatus": "overdue", "status": "cancelled"}, "nothing_to_remind"),
        ({"paymentStatus": "overdue", "amountPaid": "100"}, "nothing_to_remind"),
        ({}, "nothing_to_remind"),
        ({"paymentStatus": "overdue", "customerEmail": None}, "no_address"),
    ],
)
async def test_nobody_is_reminded_of_what_is_settled_or_where_nobody_is(
    console: Client, steps: Steps, fields: dict[str, Any], code: str
) -> None:
    await steps.send("1", **{name: value for name, value in fields.items() if value is not None})
    if "customerEmail" in fields:
        await steps.execute("UPDATE orders SET customer_email = NULL")
    answer = await ask(console, "POST", "/orders/custom/1/remind")
    assert (answer.status, answer.document["code"]) == (409, code)


async def test_what_does_not_exist_is_neither_reminded_of_nor_paused(
    console: Client, steps: Steps, account: Tenant
) -> None:
    await steps.send("1", paymentStatus="overdue")
    for path, key in (("/orders/custom/2", None), ("/orders/custom/1", account.test.key)):
        assert (await ask(console, "POST", f"{path}/remind", key=key)).status == 404
        assert (await ask(console, "PUT", f"{path}/pause", key=key)).status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/orders/custom/1/pause"),
        ("PUT", f"/customers/{CLIENT.lower()}/pause"),
        ("POST", "/orders/custom/1/remind"),
    ],
)
async def test_a_body_that_nobody_reads_is_refused_and_nothing_is_done(
    console: Client, steps: Steps, database: Database, method: str, path: str
) -> None:
    await steps.send("1", paymentStatus="overdue", customerEmail=CLIENT)

    refused = await ask(console, method, path, {"until": "2026-12-24"})
    assert (refused.status, refused.document["code"]) == (422, "body_not_taken")
    assert [fault["pointer"] for fault in refused.document["errors"]] == ["/until"]
    for body in (["until"], "soon", 7):
        assert (await ask(console, method, path, body)).status == 422
    async with database.transaction(readonly=True) as connection:
        assert await connection.fetch("SELECT 1 FROM paused_orders UNION ALL SELECT 1 FROM paused_customers") == []

    assert (await ask(console, method, path, {})).status in (200, 202)


@pytest.mark.parametrize("path", ["/orders/custom/1/pause", f"/customers/{CLIENT.lower()}/pause"])
async def test_the_end_of_a_pause_makes_due_what_was_held(console: Client, steps: Steps, path: str) -> None:
    await steps.send("1", paymentStatus="overdue")
    await steps.climb()
    assert (await ask(console, "PUT", path)).document == {"success": True, "paused": True}
    assert (await ask(console, "PUT", path)).status == 200
    await steps.execute("UPDATE notifications SET state = 'held', reason = 'paused', due_at = now() + interval '1 day'")
    assert (await ask(console, "DELETE", path)).status == 204
    assert await steps.states() == [("planned", None)]
    assert (await ask(console, "DELETE", path)).status == 204


@pytest.mark.parametrize("path", ["/orders/custom/1/pause", f"/customers/{CLIENT.lower()}/pause"])
async def test_the_end_of_a_pause_waits_for_a_notifier_that_has_read_of_it(
    console: Client, steps: Steps, database: Database, database_url: str, path: str
) -> None:
    await steps.send("1", paymentStatus="overdue")
    await steps.climb()
    assert (await ask(console, "PUT", path)).status == 200
    notifier = await asyncpg.connect(database_url)
    try:
        transaction = notifier.transaction()
        await transaction.start()
        await notifier.execute("SELECT FROM notifications FOR UPDATE")
        ending = asyncio.ensure_future(ask(console, "DELETE", path))

        async def waits() -> bool:
            async with database.transaction() as connection:
                return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        await eventually(waits, what="the end of the pause waits for the notifier")
        await notifier.execute("UPDATE notifications SET state = 'held', reason = 'paused', due_at = now() + '1 day'")
        await transaction.commit()
        assert (await ending).status == 204
    finally:
        await notifier.close()
    assert await steps.states() == [("planned", None)]


async def test_a_suppressed_address_is_listed_until_it_is_removed(
    console: Client, steps: Steps, account: Tenant
) -> None:
    await steps.send("1", paymentStatus="overdue")
    added = await ask(console, "POST", "/suppressions", {"address": CLIENT, "reason": "asked by phone"})
    assert added.status == 201
    assert added.document["suppression"]["address"] == CLIENT.lower()
    again = await ask(console, "POST", "/suppressions", {"address": CLIENT})
    assert (again.status, again.document["suppression"]) == (200, added.document["suppression"])
    assert (await ask(console, "POST", "/suppressions", {"address": "06 12345678"})).status == 201
    listed = await read_all(console, "/suppressions", limit=1)
    assert [row["address"] for row in listed] == ["+31612345678", CLIENT.lower()]
    assert await read_all(console, "/suppressions", account.test.key) == []
    refused = await ask(console, "POST", "/orders/custom/1/remind")
    assert (refused.status, refused.document["code"]) == (409, "suppressed")
    for address in (CLIENT, "%2B31612345678"):
        assert (await ask(console, "DELETE", f"/suppressions/{address}")).status == 204
        assert (await ask(console, "DELETE", f"/suppressions/{address}")).status == 404
    assert (await ask(console, "POST", "/orders/custom/1/remind")).status == 202


@pytest.mark.parametrize(
    "body", [{}, {"address": ""}, {"address": "nobody"}, {"address": "a@b.nl\n"}, {"address": 5}, {"adres": "a@b.nl"}]
)
async def test_what_is_no_address_is_not_listed(console: Client, body: Any) -> None:
    assert (await ask(console, "POST", "/suppressions", body)).status == 422


async def test_keys_that_may_not_are_refused(
    console: Client, steps: Steps, accounts: Accounts, account: Tenant
) -> None:
    await steps.send("1", paymentStatus="overdue")
    reader = await accounts.create_key(account.id, live=True, name="reader", scopes=["orders:read"])
    some = await accounts.create_key(account.id, live=True, name="some", scopes=["admin"], platforms=["other"])
    await known(console, reader.key, some.key)
    assert (await read(console, "/suppressions", reader.key))["data"] == []
    for method, path in (
        ("POST", "/orders/custom/1/remind"),
        ("PUT", "/orders/custom/1/pause"),
        ("DELETE", f"/customers/{CLIENT}/pause"),
        ("DELETE", f"/suppressions/{CLIENT}"),
    ):
        for key in (reader.key, some.key):
            assert (await ask(console, method, path, key=key)).status == 403, (method, path)


async def test_an_erased_persons_pause_goes_and_the_suppression_stays(console: Client, steps: Steps) -> None:
    await steps.send("1", paymentStatus="overdue")
    await ask(console, "PUT", f"/customers/{CLIENT}/pause")
    await ask(console, "POST", "/suppressions", {"address": CLIENT})
    await steps.climb()
    assert (await ask(console, "DELETE", f"/customers/{CLIENT}")).status == 204
    assert len(await read_all(console, "/suppressions")) == 1
    await steps.execute("DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM paused_customers); END $$")
    await steps.execute("DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM notifications WHERE client IS NOT NULL); END $$")
