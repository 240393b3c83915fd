"""GET, PUT, DELETE /api/v1/settings/whatsapp, and /hooks/whatsapp/{account}, on real Postgres."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
import pytest

from services.console.accounts import Accounts
from services.console.whatsapp_hook import StatusInbox, read_statuses
from shared.database import Database
from shared.errors import Unavailable
from shared.secrets import Secrets, generate_key
from tests.consoles import read, running_console
from tests.gateways import JSON, Answer, Client
from tests.tenant import Tenant
from tests.whatsapp_server import APP_SECRET, PHONE_NUMBER_ID, TOKEN, post_of, sign

KEY: Final = generate_key()
VERIFY_TOKEN: Final = "a-word-of-our-own"
WHOLE: Final = {
    "phoneNumberId": PHONE_NUMBER_ID,
    "token": TOKEN,
    "appSecret": APP_SECRET,
    "verifyToken": VERIFY_TOKEN,
    "linkBase": "https://tikkie.me/pay/",
    "templateNames": {"payment_reminder": "ours_v2"},
}


@pytest.fixture
async def console(database_url: str, account: Tenant) -> AsyncIterator[Client]:
    async with running_console(account.live.key, database_url=database_url, SECRET_KEYS=KEY) as client:
        yield client


async def put(console: Client, document: Any, key: str | None = None) -> Answer:
    headers = {"X-API-Key": key or console.key, **JSON}
    return await console.ask("PUT", "/api/v1/settings/whatsapp", msgspec.json.encode(document), headers)


async def post(console: Client, account: object, body: bytes, **headers: str) -> Answer:
    given = {**JSON, "X-Hub-Signature-256": sign(body, APP_SECRET), **headers}
    return await console.ask("POST", f"/hooks/whatsapp/{account}", body, given)


def shown(account: Tenant, **changed: Any) -> dict[str, Any]:
    return {
        "phoneNumberId": PHONE_NUMBER_ID,
        "apiVersion": "v24.0",
        "linkBase": "https://tikkie.me/pay/",
        "templateNames": {"payment_reminder": "ours_v2"},
        "token": "set",
        "appSecret": "set",
        "verifyToken": "set",
        "statusWebhook": f"/hooks/whatsapp/{account.id}",
        **changed,
    }


def status(reference: str = "wamid.A", state: str = "delivered", **more: Any) -> dict[str, Any]:
    return {"id": reference, "status": state, "timestamp": "1795000000", "recipient_id": "31612345678", **more}


async def test_secrets_go_in_sealed_and_never_come_out(console: Client, database: Database, account: Tenant) -> None:
    assert await read(console, "/settings/whatsapp") == {"success": True, "whatsapp": None}
    answer = await put(console, WHOLE)
    assert (answer.status, answer.document) == (200, {"success": True, "whatsapp": shown(account)})
    assert await read(console, "/settings/whatsapp") == {"success": True, "whatsapp": shown(account)}
    async with database.transaction() as connection:
        row = await connection.fetchrow("SELECT * FROM whatsapp_accounts")
    assert row is not None
    assert not {TOKEN, APP_SECRET, VERIFY_TOKEN} & set(map(str, row.values()))
    assert Secrets([KEY]).open(row["token"]) == TOKEN


async def test_a_secret_that_is_not_sent_stays_and_all_else_is_replaced(
    console: Client, database: Database, account: Tenant
) -> None:
    await put(console, WHOLE)
    answer = await put(console, {"phoneNumberId": "999999", "token": None, "appSecret": ""})
    assert answer.document["whatsapp"] == shown(account, phoneNumberId="999999", linkBase=None, templateNames={})
    async with database.transaction() as connection:
        assert Secrets([KEY]).open(await connection.fetchval("SELECT token FROM whatsapp_accounts")) == TOKEN
    answer = await console.ask("DELETE", "/api/v1/settings/whatsapp", b"", {"X-API-Key": console.key})
    assert answer.status == 204
    assert await read(console, "/settings/whatsapp") == {"success": True, "whatsapp": None}
    answer = await put(console, {"phoneNumberId": "999999"})
    assert (answer.status, answer.document["code"]) == (409, "token_needed")


async def test_every_fault_is_named_and_no_secret_is_echoed(console: Client) -> None:
    wrong = {
        "phoneNumberId": "+31 6 12345678",
        "token": "se\ncret-se\ncret",
        "appSecret": "kurz",
        "apiVersion": "24",
        "linkBase": "tikkie.me",
        "templateNames": {"payment_remind": "x", "payment_reminder": "X!"},
        "phone": "1",
    }
    answer = await put(console, wrong)
    assert answer.status == 422
    assert answer.is_problem()
    assert {error["pointer"] for error in answer.document["errors"]} == {
        *("/phoneNumberId", "/token", "/appSecret", "/apiVersion", "/linkBase"),
        *("/templateNames/payment_remind", "/templateNames/payment_reminder", "/phone"),
    }
    assert b"kurz" not in answer.body


async def test_it_takes_a_live_key_with_the_scope_admin(console: Client, account: Tenant, accounts: Accounts) -> None:
    assert (await put(console, WHOLE, account.test.key)).document["code"] == "live_key_needed"
    answer = await console.ask("DELETE", "/api/v1/settings/whatsapp", b"", {"X-API-Key": account.test.key})
    assert answer.status == 403
    assert (await console.get("/api/v1/settings/whatsapp", account.test.key)).status == 200


async def test_without_a_key_for_secrets_none_is_taken(database_url: str, account: Tenant) -> None:
    async with running_console(account.live.key, database_url=database_url, SECRET_KEYS="") as console:
        answer = await put(console, WHOLE)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_meta_s_challenge_is_answered_to_who_knows_the_verify_token(console: Client, account: Tenant) -> None:
    await put(console, WHOLE)

    async def verify(**changed: str) -> Answer:
        query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}
        asked = urlencode({**query, **{f"hub.{name}": value for name, value in changed.items()}})
        return await console.ask("GET", f"/hooks/whatsapp/{account.id}?{asked}", b"", {})

    answer = await verify()
    assert (answer.status, answer.body) == (200, b"1158201444")
    assert answer.headers["Content-Type"].startswith("text/plain")
    for wrong in ({"mode": "other"}, {"verify_token": "wrong"}, {"challenge": "<script>"}, {"challenge": ""}):
        answer = await verify(**wrong)
        assert answer.status == 403
        assert answer.is_problem()


async def test_a_signed_post_is_stored_once_however_often_it_comes(
    console: Client, database: Database, account: Tenant
) -> None:
    await put(console, WHOLE)
    id = uuid4()
    body = post_of([status(biz_opaque_callback_data=str(id)), status("wamid.B", "failed", errors=[{"code": 131026}])])
    answers = await asyncio.gather(*(post(console, account.id, body) for _ in range(5)))
    assert [answer.status for answer in answers] == [200] * 5
    async with database.transaction() as connection:
        rows = await connection.fetch("SELECT * FROM whatsapp_statuses ORDER BY reference")
    assert [(row["account_id"], row["reference"], row["status"], row["code"]) for row in rows] == [
        (account.id, "wamid.A", "delivered", None),
        (account.id, "wamid.B", "failed", 131026),
    ]
    assert rows[0]["notification_id"] == id


# The client's library warns of bodies over a mebibyte.
@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_what_nobody_signed_is_refused_and_not_stored(
    console: Client, database: Database, account: Tenant, accounts: Accounts
) -> None:
    await put(console, WHOLE)
    body = post_of([status()])
    other, _, _ = await accounts.create("other", ["admin"])
    for answer, expected in (
        (await post(console, account.id, body, **{"X-Hub-Signature-256": sign(body, "wrong")}), 403),
        (await post(console, account.id, body, **{"X-Hub-Signature-256": sign(body + b" ", APP_SECRET)}), 403),
        (await console.ask("POST", f"/hooks/whatsapp/{account.id}", body, JSON), 403),
        (await post(console, other, body), 404),
        (await post(console, "nobody", body), 404),
        (await post(console, account.id, body, **{"Content-Type": "text/plain"}), 415),
        (await post(console, account.id, b"{"), 400),
        (await post(console, account.id, b"[]"), 422),
        (await post(console, account.id, b" " * (3 * 1024 * 1024 + 1)), 413),
    ):
        assert answer.status == expected, answer.body
        assert answer.is_problem()
    assert (await post(console, account.id, b'{"entry":[]}')).status == 200
    async with database.transaction() as connection:
        assert await connection.fetchval("SELECT count(*) FROM whatsapp_statuses") == 0


@asynccontextmanager
async def unfinished_post(console: Client, account: Tenant, sent: int, sender: str) -> AsyncIterator[bytes]:
    """Announce the largest post, send a part of it, and wait; give what is answered to that."""
    reader, writer = await asyncio.open_connection(console.url.host, console.url.port)
    head = {
        "Host": "console",
        "Content-Type": "application/json",
        "X-Hub-Signature-256": "sha256=0",
        "X-Forwarded-For": sender,
        "Content-Length": str(3 * 1024 * 1024),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"POST /hooks/whatsapp/{account.id} HTTP/1.1\r\n{lines}\r\n".encode() + b" " * sent)
    await writer.drain()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                yield await reader.readline()
                return
        yield b""
    finally:
        writer.close()


async def test_who_posts_slowly_or_much_keeps_no_other_sender_out(database_url: str, account: Tenant) -> None:
    variables = {"SECRET_KEYS": KEY, "HTTP_TRUSTED_HOPS": 1}
    async with running_console(account.live.key, database_url=database_url, **variables) as console:
        await put(console, WHOLE)
        body = post_of([status()])
        async with AsyncExitStack() as slow:
            for _ in range(20):
                await slow.enter_async_context(unfinished_post(console, account, 100, "192.0.2.1"))
            assert (await post(console, account.id, body, **{"X-Forwarded-For": "192.0.2.1"})).status == 200
        async with AsyncExitStack() as much:
            answers = [
                await much.enter_async_context(unfinished_post(console, account, 2_900_000, "192.0.2.1"))
                for _ in range(3)
            ]
            assert answers[:2] == [b"", b""], "they are waited for"
            assert answers[2].startswith(b"HTTP/1.1 503"), "and there is no room for a third"
            assert (await post(console, account.id, body, **{"X-Forwarded-For": "192.0.2.2"})).status == 200


async def test_no_more_statuses_wait_than_there_is_room_for(database: Database, account: Tenant) -> None:
    inbox = StatusInbox(database, Secrets([KEY]), most_waiting=2)
    first, second = (read_statuses(post_of([status(f"wamid.{n}"), status(f"wamid.{n}", "sent")])) for n in "AB")
    assert await inbox.keep(account.id, first) == 2
    with pytest.raises(Unavailable):
        await inbox.keep(account.id, second)
    assert await inbox.keep(uuid4(), second) == 2


async def test_an_account_without_an_app_secret_believes_nothing(console: Client, account: Tenant) -> None:
    await put(console, {"phoneNumberId": PHONE_NUMBER_ID, "token": TOKEN})
    body = post_of([status()])
    for secret in ("", "None", APP_SECRET):
        assert (await post(console, account.id, body, **{"X-Hub-Signature-256": sign(body, secret)})).status == 403
