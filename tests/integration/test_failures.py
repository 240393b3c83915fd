"""Failures, over HTTP and from a shell: seen by whose they are, mended, replayed once, told of only if asked to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from tempfile import NamedTemporaryFile
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec import Struct

from services.cli import app
from services.console.accounts import Accounts
from services.notifier import app as notifier
from services.notifier import settings as notifier_settings
from services.worker.failures import Failures
from services.worker.handler import Handler
from services.worker.store import Store
from shared.contracts import Event, Submission, SubmissionBatch
from shared.database import Database
from shared.keys import SCOPES
from tests.consoles import known, read, read_all
from tests.gateways import JSON, Answer, Client
from tests.live import running_live
from tests.notifier_world import Mailbox
from tests.polling import eventually
from tests.running import running
from tests.settings import settings_of
from tests.submissions import submission
from tests.tenant import Tenant

PERSON: dict[str, Any] = {"customerEmail": "klant@bedrijf.nl", "customerName": "De Groot"}


class World(Struct, frozen=True):
    """A running system with one account, and how things fail in it."""

    client: Client
    database: Database
    account: Tenant
    database_url: str

    async def poison(self, number: str = "INV-1", **fields: Any) -> Submission:
        """Let a worker's handler set aside a submission that Postgres refuses, as if a gateway had let it through."""
        bad = submission(number, account=self.account.id, total="1e3x", currency="EUR", **PERSON, **fields)
        await Handler(Store(self.database), Failures(self.database)).settle([bad])
        return bad

    async def failures(self, **filters: Any) -> list[Any]:
        rows: list[Any] = (await read(self.client, "/failures", **filters))["data"]
        return rows

    async def replay(self, failure: str, document: Any = None, key: str | None = None) -> Answer:
        body = None if document is None else msgspec.json.encode(document)
        headers = {"X-API-Key": key or self.client.key, **({} if body is None else JSON)}
        return await self.client.ask("POST", f"/api/v1/failures/{failure}/replay", body, headers)

    async def discard(self, failure: str) -> Answer:
        return await self.client.ask("DELETE", f"/api/v1/failures/{failure}", headers={"X-API-Key": self.client.key})

    async def reaches(self, failure: str, state: str, replays: int) -> Any:
        """Return a failure once it has come to rest after so many replays."""

        async def rests() -> Any:
            found = (await read(self.client, f"/failures/{failure}"))["failure"]
            return found if (found["state"], found["replays"]) == (state, replays) else None

        return await eventually(rests, what=f"{failure} is {state} after {replays}")

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.database.transaction() as connection:
            return list(await connection.fetch(query, *values))

    async def bugalou(self, *words: str, given: bytes = b"", code: int = 0) -> str:
        """Run the command line, `given` being the file that FILE stands for; return what it prints."""
        with NamedTemporaryFile() as file, redirect_stdout(StringIO()) as output, redirect_stderr(output):
            file.write(given)
            file.flush()
            tokens = ["failures", *(file.name if word == "FILE" else word for word in words)]
            with pytest.MonkeyPatch.context() as environment:
                environment.setenv("BUGALOU_DATABASE_URL", self.database_url)
                with pytest.raises(SystemExit) as end:
                    await asyncio.to_thread(app, tokens)
        printed = output.getvalue()
        assert (end.value.code or 0) == code, printed
        return printed


@pytest.fixture
async def world(
    database: Database, database_url: str, amqp_url: str, amqp_prefix: str, account: Tenant
) -> AsyncIterator[World]:
    async with running_live(
        account.live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix
    ) as client:
        yield World(client, database, account, database_url)


def document(printed: str) -> Any:
    """Return the JSON that a command printed, between the logs of what else runs here."""
    return msgspec.json.decode(next(line for line in printed.splitlines() if line.startswith("{")))


def mended(number: str = "INV-1", **fields: Any) -> dict[str, Any]:
    order = {"platform": "custom", "orderNumber": number, "orderStatus": "delivered", "paymentStatus": "paid"}
    return {**order, "total": "1000.00", "currency": "EUR", **PERSON, **fields}


async def paid_events(world: World, order_id: UUID) -> list[Event]:
    query = "SELECT body FROM outbox WHERE type = 'payment.paid' AND order_id = $1"
    return [msgspec.json.decode(row["body"], type=Event) for row in await world.rows(query, order_id)]


async def test_failure_is_listed_by_cause_and_shown_with_its_message(world: World) -> None:
    bad = [await world.poison(f"INV-{number}") for number in range(3)]
    page = await read(world.client, "/failures", limit=2)
    assert len(page["data"]) == 2
    (group,) = page["groups"]
    assert (group["cause"], group["place"], group["count"]) == ("22P02", "worker", 3)
    rows = await read_all(world.client, "/failures", limit=2)
    assert [row["submission"] for row in rows] == [str(one.id) for one in reversed(bad)]
    assert all("customer" not in msgspec.json.encode(row).decode() for row in rows), "a list names nobody"
    assert await world.failures(cause="22P02", place="worker") == rows
    assert await world.failures(cause="other") == await world.failures(state="replayed") == []
    whole = (await read(world.client, f"/failures/{rows[0]['id']}"))["failure"]
    assert whole["body"] == {
        "platform": "custom",
        "orderNumber": "INV-2",
        "orderStatus": "processing",
        "total": "1e3x",
        "currency": "EUR",
        **PERSON,
    }
    assert whole["message"]["id"] == str(bad[2].id)
    assert whole["order"] == {"id": str(bad[2].order_id), "platform": "custom", "orderNumber": "INV-2"}


async def test_failures_are_seen_by_admin_keys_of_their_account_world_and_platform_alone(
    world: World, accounts: Accounts
) -> None:
    await world.poison()
    (row,) = await world.failures()
    other = Tenant(*await accounts.create("De Klein", SCOPES))
    mine = world.account.id
    reader = await accounts.create_key(mine, live=True, name="r", scopes=["orders:read", "orders:write"])
    exact = await accounts.create_key(mine, live=True, name="p", scopes=["admin"], platforms=["exact"])
    custom = await accounts.create_key(mine, live=True, name="c", scopes=["admin"], platforms=["custom"])
    await known(world.client, other.live.key, reader.key, exact.key, custom.key)
    path = f"/api/v1/failures/{row['id']}"
    for key in (other.live.key, other.test.key, world.account.test.key, exact.key):
        assert (await world.client.get("/api/v1/failures", key)).document["data"] == []
        assert (await world.client.get("/api/v1/failures", key)).document["groups"] == []
        assert (await world.client.get(path, key)).status == 404
        assert (await world.replay(row["id"], key=key)).status == 404
        assert (await world.client.ask("DELETE", path, headers={"X-API-Key": key})).status == 404
    for path_ in ("/api/v1/failures", path):
        assert (await world.client.get(path_, reader.key)).document["code"] == "missing_scope"
    assert (await world.client.get(path, custom.key)).status == 200
    moved = await world.replay(row["id"], {"body": mended() | {"platform": "exact"}}, custom.key)
    assert moved.document["code"] == "platform_not_allowed"
    assert (await world.failures())[0]["state"] == "open"


async def test_message_that_nobody_can_read_is_for_the_operator_alone(world: World) -> None:
    await Handler(Store(world.database), Failures(world.database)).decode(b"\xc1 nonsense")
    assert await world.failures() == []
    listed = document(await world.bugalou("list", "--json"))
    (row,) = listed["data"]
    assert (row["cause"], row["order"]) == ("undecodable", None)
    assert b"\xc1 nonsense".hex() in await world.bugalou("show", row["id"])
    assert "cannot be mended" in await world.bugalou("edit", row["id"], "--body", "FILE", given=b"{}", code=2)
    assert "1 failed again" in await world.bugalou("replay", row["id"], code=1)
    assert "1 discarded\n" in await world.bugalou("discard", row["id"])
    assert "no failures\n" in await world.bugalou("list")


async def test_mended_order_is_settled_once_at_its_old_place_and_silently(world: World) -> None:
    bad = await world.poison(minutes=0)
    newer = submission("INV-1", account=world.account.id, minutes=1, customerName="De Groot en Zoon")
    await Store(world.database).settle([newer])
    (row,) = await world.failures()
    first = await world.replay(row["id"], {"body": mended(extra="x")})
    assert (first.status, first.document["failure"]["id"]) == (202, row["id"])
    assert first.document["warnings"][0]["pointer"] == "/extra"
    assert (await world.replay(row["id"])).status == 202
    done = await world.reaches(row["id"], "replayed", 1)
    assert (done["outcome"], done["mended"], done["replayedBy"]) == ("applied", True, "first live key")
    order = (await read(world.client, "/orders/custom/INV-1"))["order"]
    assert (order["total"], order["paymentStatus"]) == ("1000.00", "paid")
    assert order["customerName"] == "De Groot en Zoon", "what is newer stays newer"
    history = (await read(world.client, "/orders/custom/INV-1/history"))["data"]
    assert [(one["id"], one["version"]) for one in history] == [(str(one.id), str(one.version)) for one in (bad, newer)]
    (event,) = await paid_events(world, bad.order_id)
    assert event.data["silent"] is True
    assert (await world.replay(row["id"], {"body": mended()})).document["code"] == "failure_replayed"
    assert (await world.replay(row["id"])).document["failure"]["state"] == "replayed"
    assert await world.failures() == []
    assert [found["id"] for found in await world.failures(state="replayed")] == [row["id"]]


async def test_replay_that_fails_again_stays_open_with_its_new_reason(world: World) -> None:
    bad = await world.poison()
    (row,) = await world.failures()
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE failures SET cause = 'old', reason = 'old'")
    assert (await world.replay(row["id"], {"notify": True})).status == 202
    again = await world.reaches(row["id"], "open", 1)
    assert (again["cause"], again["id"]) == ("22P02", row["id"])
    assert again["message"]["id"] == str(bad.id)
    assert len(await world.failures()) == 1
    await world.replay(row["id"], {"body": mended()})
    assert (await world.reaches(row["id"], "replayed", 2))["outcome"] == "applied"


async def test_mended_order_is_checked_as_a_post_would_be(world: World) -> None:
    await world.poison()
    (row,) = await world.failures()
    answer = await world.replay(row["id"], {"body": mended(total="2.950,00", paymentStatus="payed")})
    assert (answer.status, answer.is_problem()) == (422, True)
    assert {fault["pointer"] for fault in answer.document["errors"]} == {"/body/total", "/body/paymentStatus"}
    wrong: list[Any] = [{"body": []}, {"notify": "yes"}, {"nonsense": 1}, []]
    for body in wrong:
        assert (await world.replay(row["id"], body)).status == 422
    assert (await world.failures())[0]["state"] == "open"


async def test_discarded_failure_is_gone_and_never_replayed(world: World) -> None:
    bad = await world.poison()
    (row,) = await world.failures()
    assert (await world.discard(row["id"])).status == 204
    assert (await world.client.get(f"/api/v1/failures/{row['id']}")).status == 404
    assert (await world.discard(row["id"])).status == (await world.replay(row["id"])).status == 404
    assert (await world.discard(str(uuid4()))).status == (await world.discard("nonsense")).status == 404
    # Its sender was told that it is accepted: what comes once more must not be lost without a word.
    await Handler(Store(world.database), Failures(world.database)).settle([bad])
    assert [found["id"] for found in await world.failures()] == [row["id"]]


async def test_client_is_told_of_a_replay_only_where_that_is_asked_for(
    world: World, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    mailbox = Mailbox()
    await mailbox.start()
    settings = settings_of(
        notifier_settings.fill, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix,
        SMTP_HOST="127.0.0.1", SMTP_PORT=mailbox.port, SETTLE_SECONDS=0,
    )  # fmt: skip
    async with running(notifier.graph(settings)):
        quiet, loud = [await world.poison(number) for number in ("QUIET", "LOUD")]
        rows = {row["order"]["orderNumber"]: row["id"] for row in await world.failures()}
        await world.replay(rows["QUIET"], {"body": mended("QUIET")})
        await world.reaches(rows["QUIET"], "replayed", 1)
        await world.replay(rows["LOUD"], {"body": mended("LOUD", invoiceNumber="LOUD"), "notify": True})
        await eventually(lambda: mailbox.mails, what="the client is thanked")
        assert [len(await paid_events(world, one.order_id)) for one in (quiet, loud)] == [1, 1]
    (mail,) = mailbox.mails
    assert "LOUD" in mail.as_string()
    assert await world.rows("SELECT 1 FROM notifications WHERE order_id = $1", quiet.order_id) == []
    await mailbox.stop()


async def test_event_that_the_notifier_could_not_take_is_published_again_if_told(world: World) -> None:
    order = {"id": str(uuid4()), "customerEmail": "klant@bedrijf.nl"}
    event = Event(uuid4(), "payment.paid", "2026-11-22T12:00:00Z", world.account.id, True, {"order": order})
    body = msgspec.json.encode(event)
    await Failures(world.database).add_message(cause="dead_letter", reason="r", body=body, place="notifier")
    (row,) = await world.failures(place="notifier")
    silent = await world.replay(row["id"])
    assert (silent.status, silent.document["code"]) == (422, "replay_notifies")
    assert (await world.replay(row["id"], {"body": mended(), "notify": True})).document["code"] == "not_mendable"
    assert (await world.replay(row["id"], {"notify": True})).status == 202
    assert (await world.reaches(row["id"], "replayed", 1))["outcome"] == "published"

    async def sent() -> list[Any]:
        return await world.rows(
            "SELECT 1 FROM outbox WHERE id = $1 AND body = $2 AND sent_at IS NOT NULL", event.id, body
        )

    assert len(await eventually(sent, what="the relay has published it")) == 1


async def test_dead_letters_become_a_failure_for_each_submission(world: World) -> None:
    mine = submission("A", account=world.account.id)
    other = submission("B", account=uuid4())
    body = msgspec.msgpack.encode(SubmissionBatch([mine, other]))
    for _ in range(2):
        await Failures(world.database).add_message(cause="dead_letter", reason="r", body=body, place="worker")
    (row,) = await world.failures()
    assert row["submission"] == str(mine.id)
    assert len(await world.rows("SELECT 1 FROM failures")) == 2
    await world.replay(row["id"])
    assert (await world.reaches(row["id"], "replayed", 1))["outcome"] == "applied"


async def test_operator_mends_and_replays_from_the_command_line(world: World) -> None:
    bad = [await world.poison(f"INV-{number}") for number in range(3)]
    listed = await world.bugalou("list", "--cause", "22P02")
    assert "3  worker  22P02" in listed
    rows = {row["order"]["orderNumber"]: row["id"] for row in await world.failures()}
    shown = document(await world.bugalou("show", rows["INV-1"], "--json"))
    wrong = msgspec.json.encode({**shown["body"], "total": "x"})
    assert "/body/total" in await world.bugalou("edit", rows["INV-1"], "--body", "FILE", given=wrong, code=2)
    right = msgspec.json.encode({**shown["body"], "total": "10.00"})
    await world.bugalou("edit", rows["INV-1"], "--body", "FILE", given=right)
    assert "1 applied\n" in await world.bugalou("replay", rows["INV-1"])
    assert (await read(world.client, "/orders/custom/INV-1"))["order"]["total"] == "10.00"
    assert "2 failed again" in await world.bugalou("replay", "--cause", "22P02", "--notify", code=1)
    assert "Name failures by their ids" in await world.bugalou("discard", code=2)
    assert "2 discarded\n" in await world.bugalou("discard", "--all")
    assert str(bad[1].id) in await world.bugalou("list", "--all", "--json")
