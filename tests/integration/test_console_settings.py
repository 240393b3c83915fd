"""GET and PUT /api/v1/settings."""

from typing import Any, Final

import msgspec

from services.console.accounts import Accounts
from shared.account_settings import AccountSettings, read_account_settings
from shared.database import Database
from tests.consoles import known, read
from tests.gateways import JSON, Answer, Client
from tests.tenant import Tenant

DEFAULTS: Final[dict[str, Any]] = {
    "language": "nl",
    "timezone": "Europe/Amsterdam",
    "senderName": None,
    "replyTo": None,
    "iban": None,
    "bic": None,
    "settleSeconds": 5,
    "ladder": [0, 7, 14],
    "quietHours": {"from": "08:00", "to": "20:00"},
    "quietSundays": True,
    "quietHolidays": True,
    "channels": {"email": True, "whatsapp": False},
    "rateLimit": None,
}
OTHERS: Final[dict[str, Any]] = {
    "language": "en",
    "timezone": "America/Aruba",
    "senderName": "Architectenbureau De Groot",
    "replyTo": "administratie@degroot.nl",
    "iban": "NL91 ABNA 0417 1643 00",
    "bic": "abnanl2a",
    "settleSeconds": 0,
    "ladder": [-3, 0, 10],
    "quietHours": {"from": "09:30", "to": "24:00"},
    "quietSundays": False,
    "quietHolidays": False,
    "channels": {"email": False, "whatsapp": True},
    "rateLimit": {"requestsPerSecond": 1000.5, "burst": 5000},
}


async def put(console: Client, document: Any, key: str | None = None) -> Answer:
    headers = {"X-API-Key": key or console.key, **JSON}
    return await console.ask("PUT", "/api/v1/settings", msgspec.json.encode(document), headers)


async def test_settings_are_replaced_whole_defaults_for_what_is_absent(
    console: Client, database: Database, account: Tenant
) -> None:
    assert await read(console, "/settings") == {"success": True, "settings": DEFAULTS}
    answer = await put(console, OTHERS)
    stored = {**OTHERS, "iban": "NL91ABNA0417164300", "bic": "ABNANL2A"}
    assert (answer.status, answer.document) == (200, {"success": True, "settings": stored})
    assert await read(console, "/settings") == {"success": True, "settings": stored}
    async with database.transaction() as connection:
        document = await connection.fetchval("SELECT document::text FROM settings WHERE account_id = $1", account.id)
    assert read_account_settings(document) == msgspec.convert(stored, AccountSettings)
    answer = await put(console, {"language": "en", "iban": None, "replyTo": ""})
    assert answer.document["settings"] == {**DEFAULTS, "language": "en"}
    assert (await put(console, {})).document["settings"] == DEFAULTS


async def test_wrong_settings_are_all_named_and_change_nothing(console: Client) -> None:
    wrong = {**OTHERS, "language": "de", "quietHours": {"from": "8:00"}, "sendername": "x", "iban": "NL1"}
    answer = await put(console, wrong)
    assert answer.status == 422
    assert answer.is_problem()
    assert [error["pointer"] for error in answer.document["errors"]] == [
        "/language",
        "/iban",
        "/quietHours/from",
        "/sendername",
    ]
    assert (await read(console, "/settings"))["settings"] == DEFAULTS


async def test_body_that_is_no_settings_is_refused(console: Client) -> None:
    headers = {"X-API-Key": console.key, **JSON}
    for body, status in ((b"", 400), (b"[]", 422), (b" " * 70_000, 413)):
        answer = await console.ask("PUT", "/api/v1/settings", body, headers)
        assert answer.status == status
        assert answer.is_problem()


async def test_settings_take_the_scope_admin_to_change(console: Client, accounts: Accounts, account: Tenant) -> None:
    reader = await accounts.create_key(account.id, live=True, name="reader", scopes=["orders:read"])
    await known(console, reader.key)
    answer = await put(console, {}, reader.key)
    assert (answer.status, answer.document["code"]) == (403, "missing_scope")
    assert (await console.get("/api/v1/settings", reader.key)).status == 200
    assert (await console.ask("PUT", "/api/v1/settings", b"{}", {"X-API-Key": console.key})).status == 415
    answer = await console.ask("POST", "/api/v1/settings", b"{}", {"X-API-Key": console.key, **JSON})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, PUT")


async def test_every_zone_that_is_taken_is_known_to_postgres_too(console: Client, database: Database) -> None:
    for zone in ("Asia/Kolkata", "Etc/GMT+12", "UTC", "America/Argentina/ComodRivadavia"):
        assert (await put(console, {"timezone": zone})).status == 200
        assert (await console.get("/api/v1/overview")).status == 200
