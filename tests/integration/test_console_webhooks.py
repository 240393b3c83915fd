"""/api/v1/webhooks: made, listed, changed, rotated and deleted by whoever may, and seen by nobody else."""

import base64
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from uuid_utils.compat import uuid7

from services.console.accounts import Accounts
from services.console.tenancy import ROLE, as_tenant
from services.console.webhooks import MOST_WEBHOOKS
from shared.database import Database
from shared.keys import SCOPES, ApiKey
from tests.consoles import known, read, read_all, running_console
from tests.gateways import JSON, Answer, Client
from tests.tenant import Tenant

PATH = "/api/v1/webhooks"
URL = "https://example.com/hooks/bugalou"
_ATTEMPT = """
INSERT INTO webhook_attempts (id, webhook_id, account_id, livemode, event_id, event_type, number, started_at,
    milliseconds, outcome, status, response)
SELECT $1, id, account_id, livemode, $1, 'payment.paid', 1, now(), 12, 'delivered', 200, 'taken'
FROM webhooks WHERE id = $2
"""


async def ask(client: Client, method: str, path: str = "", body: Any = None, key: str | None = None) -> Answer:
    content = None if body is None else msgspec.json.encode(body)
    return await client.ask(method, PATH + path, content, {"X-API-Key": key or client.key, **JSON})


async def make(client: Client, key: str | None = None, **body: Any) -> dict[str, Any]:
    answer = await ask(client, "POST", "", {"url": URL, **body}, key)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.document
    return made


async def test_a_webhook_s_secret_is_shown_once_in_the_standard_s_form(console: Client) -> None:
    made = await make(console, events=["payment.paid", "payment.paid"], description="bookkeeping")
    assert set(made) == {"success", "id", "secret"}
    assert 24 <= len(base64.b64decode(made["secret"].removeprefix("whsec_"), validate=True)) <= 64
    shown = await read(console, f"/webhooks/{made['id']}")
    (listed,) = await read_all(console, "/webhooks")
    assert shown["webhook"] == listed
    assert listed["url"] == URL
    assert (listed["events"], listed["description"], listed["live"]) == (["payment.paid"], "bookkeeping", True)
    assert (listed["enabled"], listed["disabledReason"], listed["failingSince"]) == (True, None, None)
    assert made["secret"] not in str((shown, listed))


async def test_without_events_it_gets_all(console: Client) -> None:
    made = await make(console)
    assert (await read(console, f"/webhooks/{made['id']}"))["webhook"]["events"] == ["*"]


async def test_changes_keep_what_they_do_not_name(console: Client) -> None:
    made = await make(console, events=["payment.paid"], description="d")
    answer = await ask(console, "PATCH", f"/{made['id']}", {"url": "https://example.org/", "enabled": False})
    assert answer.status == 200
    changed = answer.document["webhook"]
    assert (changed["url"], changed["events"], changed["description"]) == (
        "https://example.org/",
        ["payment.paid"],
        "d",
    )
    assert (changed["enabled"], changed["disabledReason"]) == (False, "requested")
    assert changed["disabledAt"] is not None
    answer = await ask(console, "PATCH", f"/{made['id']}", {"enabled": True, "events": ["*"]})
    assert answer.document["webhook"]["events"] == ["*"]
    assert (answer.document["webhook"]["enabled"], answer.document["webhook"]["disabledAt"]) == (True, None)


async def test_deleted_it_is_gone(console: Client) -> None:
    made = await make(console)
    assert (await ask(console, "DELETE", f"/{made['id']}")).status == 204
    for method, path in (("DELETE", ""), ("GET", ""), ("GET", "/attempts"), ("POST", "/rotate")):
        answer = await ask(console, method, f"/{made['id']}{path}", {} if method == "POST" else None)
        assert (answer.status, answer.document["code"]) == (404, "webhook_not_found")


async def test_rotation_shows_another_secret(console: Client) -> None:
    made = await make(console)
    for body in (None, {"overlapSeconds": 60}):
        answer = await ask(console, "POST", f"/{made['id']}/rotate", body)
        assert answer.status == 200
        assert answer.document["id"] == made["id"]
        assert answer.document["secret"] != made["secret"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/url"]),
        ({"url": "http://example.com/"}, ["/url"]),
        ({"url": "https://127.0.0.1/"}, ["/url"]),
        ({"url": "https://2130706433/", "events": ["payment.pad"], "descr": "x"}, ["/url", "/events", "/descr"]),
        ({"url": URL, "events": []}, ["/events"]),
        ({"url": URL, "events": "payment.paid"}, ["/events"]),
        ({"url": URL, "description": "a" * 201}, ["/description"]),
        ({"url": 5}, ["/url"]),
    ],
)
async def test_wrong_bodies_are_refused_with_everything_named(
    console: Client, body: dict[str, Any], pointers: list[str]
) -> None:
    answer = await ask(console, "POST", "", body)
    assert answer.status == 422
    assert answer.is_problem()
    assert [error["pointer"] for error in answer.document["errors"]] == pointers


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/from"]),
        ({"eventId": "x"}, ["/eventId", "/from"]),
        ({"eventId": str(uuid4()), "from": "2026-11-22T09:00:00Z"}, ["/from"]),
        ({"from": "yesterday"}, ["/from"]),
        ({"from": "2026-11-22T09:00:00Z", "to": "2026-11-22T09:00:00Z"}, ["/to"]),
        ({"to": "2026-11-22T09:00:00Z"}, ["/from"]),
    ],
)
async def test_wrong_replays_are_refused(console: Client, body: dict[str, Any], pointers: list[str]) -> None:
    made = await make(console)
    answer = await ask(console, "POST", f"/{made['id']}/replay", body)
    assert answer.status == 422
    assert {error["pointer"] for error in answer.document["errors"]} <= set(pointers)


async def test_an_account_has_so_many_webhooks_and_no_more(console: Client) -> None:
    for _ in range(MOST_WEBHOOKS):
        await make(console)
    answer = await ask(console, "POST", "", {"url": URL})
    assert (answer.status, answer.document["code"]) == (409, "too_many_webhooks")
    assert len(await read_all(console, "/webhooks", limit=7)) == MOST_WEBHOOKS


async def test_keys_without_admin_or_of_some_platforms_manage_nothing(
    console: Client, accounts: Accounts, account: Tenant
) -> None:
    weak = await accounts.create_key(account.id, live=True, name="weak", scopes=["orders:read"])
    some = await accounts.create_key(account.id, live=True, name="some", scopes=SCOPES, platforms=["a"])
    await known(console, weak.key, some.key)
    made = await make(console)
    for method, path, body in (
        ("GET", "", None),
        ("POST", "", {"url": URL}),
        ("PATCH", f"/{made['id']}", {}),
        ("POST", f"/{made['id']}/rotate", {}),
        ("POST", f"/{made['id']}/replay", {"from": "2026-11-22T09:00:00Z"}),
        ("GET", f"/{made['id']}/attempts", None),
        ("DELETE", f"/{made['id']}", None),
    ):
        for key, code in ((weak.key, "missing_scope"), (some.key, "platform_not_allowed")):
            answer = await ask(console, method, path, body, key)
            assert (answer.status, answer.document["code"]) == (403, code)


async def test_webhooks_of_another_account_or_world_do_not_exist(
    console: Client, accounts: Accounts, account: Tenant
) -> None:
    other = Tenant(*await accounts.create("Another", SCOPES))
    await known(console, other.live.key)
    made = await make(console)
    for key in (account.test.key, other.live.key):
        assert await read_all(console, "/webhooks", key) == []
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"enabled": False}),
            ("POST", "/rotate", {}),
            ("POST", "/replay", {"from": "2026-11-22T09:00:00Z"}),
            ("GET", "/attempts", None),
            ("DELETE", "", None),
        ):
            answer = await ask(console, method, f"/{made['id']}{path}", body, key)
            assert (answer.status, answer.document["code"]) == (404, "webhook_not_found")
    assert (await read(console, f"/webhooks/{made['id']}"))["webhook"]["enabled"]


async def test_attempts_are_listed_page_by_page_the_newest_first(console: Client, database: Database) -> None:
    made = await make(console)
    ids = [uuid7() for _ in range(5)]
    async with database.transaction() as connection:
        for attempt in ids:
            await connection.execute(_ATTEMPT, attempt, made["id"])
    rows = await read_all(console, f"/webhooks/{made['id']}/attempts", limit=2)
    assert [row["id"] for row in rows] == [str(attempt) for attempt in reversed(ids)]
    assert (rows[0]["status"], rows[0]["milliseconds"], rows[0]["response"]) == (200, 12, "taken")


async def test_row_level_security_hides_others_webhooks_and_every_secret(
    console: Client, accounts: Accounts, account: Tenant, database: Database, database_url: str
) -> None:
    other = Tenant(*await accounts.create("Another", SCOPES))
    await known(console, other.live.key)
    for key in (account.live.key, account.test.key, other.live.key):
        made = await make(console, key)
        async with database.transaction() as connection:
            await connection.execute(_ATTEMPT, uuid7(), made["id"])
    reading = Database(database_url, purpose="test", most=1, role=ROLE)
    await reading.open()
    try:
        mine = ApiKey(uuid7(), account.id, True, "k", frozenset(SCOPES), None, None, None)
        async with as_tenant(reading, mine) as connection:
            for table in ("webhooks", "webhook_attempts"):
                rows = await connection.fetch(f"SELECT account_id, livemode FROM {table}")
                assert [(row["account_id"], row["livemode"]) for row in rows] == [(account.id, True)]
        for forbidden in ("SELECT secret FROM webhooks", "SELECT * FROM webhook_deliveries"):
            with pytest.raises(Exception, match="permission denied"):
                async with as_tenant(reading, mine) as connection:
                    await connection.fetch(forbidden)
    finally:
        await reading.close()


async def test_without_a_key_for_secrets_no_webhook_is_made(account: Tenant, database_url: str) -> None:
    async with running_console(account.live.key, database_url=database_url, SECRET_KEYS="") as console:
        answer = await ask(console, "POST", "", {"url": URL})
        assert (answer.status, answer.document["code"]) == (503, "unavailable")
        assert await read_all(console, "/webhooks") == []


async def test_an_operator_s_networks_are_admitted(account: Tenant, database_url: str) -> None:
    async with running_console(account.live.key, database_url=database_url, WEBHOOK_ALLOW="127.0.0.0/8") as console:
        await make(console, url="http://127.0.0.1:9000/hook")
        await make(console, url="http://localhost:9000/hook")
        assert (await ask(console, "POST", "", {"url": "http://10.0.0.1/"})).status == 422
