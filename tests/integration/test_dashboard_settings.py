"""The settings and the API keys in the dashboard: shown, previewed, checked as the API checks them, and kept."""

import re

import pytest

from services.console.accounts import Accounts
from tests.consoles import known
from tests.dashboards import Seen, Visitor, visitor_of
from tests.gateways import Client
from tests.tenant import Tenant

SETTINGS = "/dashboard/settings"
KEYS = "/dashboard/settings/keys"
ALL_DAY = {"quietFrom": "00:00", "quietTo": "24:00"}
FIELDS = {
    "senderName": "De Groot",
    "replyTo": "groot@example.com",
    "language": "en",
    "timezone": "Europe/Amsterdam",
    "iban": "NL91 ABNA 0417 1643 00",
    "ladder": "-3, 0 7",
    "settleSeconds": "10",
    "email": "on",
    **ALL_DAY,
}


async def test_what_is_saved_is_what_the_api_then_answers(visitor: Visitor, console: Client) -> None:
    page = await visitor.get(SETTINGS)
    saved = await visitor.post(SETTINGS, FIELDS, csrf=page.csrf())
    assert (saved.status, saved.location) == (303, f"{SETTINGS}?notice=saved")
    settings = (await console.get("/api/v1/settings")).document["settings"]
    assert settings == {
        **settings,
        "senderName": "De Groot",
        "replyTo": "groot@example.com",
        "language": "en",
        "iban": "NL91ABNA0417164300",
        "ladder": [-3, 0, 7],
        "settleSeconds": 10,
        "quietHours": {"from": "00:00", "to": "24:00"},
        "quietSundays": False,
        "channels": {**settings["channels"], "email": True, "whatsapp": False},
        "rateLimit": None,
    }
    shown = await visitor.get(f"{SETTINGS}?notice=saved")
    assert 'value="NL91ABNA0417164300"' in shown.text
    assert 'role="status"' in shown.text


async def test_wrong_fields_are_marked_and_nothing_is_saved(visitor: Visitor, console: Client) -> None:
    before = (await console.get("/api/v1/settings")).document
    csrf = (await visitor.get(SETTINGS)).csrf()
    wrong = {
        "iban": "NL00 ABNA 0417 1643 00",
        "ladder": "7, 0",
        "replyTo": "nobody",
        "timezone": "Mars/Olympus",
        "settleSeconds": "soon",
        "quietTo": "25:00",
        "requestsPerSecond": "5",
    }
    refused = await visitor.post(SETTINGS, {**FIELDS, **wrong}, csrf=csrf)
    assert refused.status == 422
    names = {"iban", "ladder", "replyTo", "timezone", "settleSeconds", "quiet", "limit"}
    assert set(re.findall(r'id="(\w+)-error"', refused.text)) == names
    assert 'value="NL00 ABNA 0417 1643 00"' in refused.text, "what was typed is kept"
    assert (await console.get("/api/v1/settings")).document == before


async def test_preview_shows_the_dates_and_texts_of_the_ladder_and_keeps_nothing(
    visitor: Visitor, console: Client
) -> None:
    before = (await console.get("/api/v1/settings")).document
    csrf = (await visitor.get(SETTINGS)).csrf()
    fields = {**FIELDS, "exampleDue": "2026-12-24", "quietHolidays": "on", "quietFrom": "09:00", "quietTo": "17:00"}
    preview = await visitor.post(f"{SETTINGS}/preview", {**fields, "ladder": "-3, 1, 14"}, csrf=csrf)
    assert preview.status == 200
    assert "<html" not in preview.text
    moments = re.findall(r'datetime="([^"]+)"', preview.text)
    # Christmas has two days in the Netherlands, and the 27th is a Sunday that nobody asked to keep quiet.
    assert moments == ["2026-12-21T08:00:00+00:00", "2026-12-27T08:00:00+00:00", "2027-01-07T08:00:00+00:00"]
    assert preview.text.count('class="letter"') == 3
    assert "€2,950.00" in preview.words
    assert "muted" in (await visitor.post(f"{SETTINGS}/preview", {**fields, "ladder": "x"}, csrf=csrf)).text
    assert (await console.get("/api/v1/settings")).document == before


async def test_who_may_only_read_sees_the_settings_and_cannot_change_them(
    visitor: Visitor, console: Client, account: Tenant, accounts: Accounts
) -> None:
    key = await accounts.create_key(account.id, live=True, name="reads", scopes=("orders:read",))
    await known(console, key.key)
    async with visitor_of(console.url) as reader:
        await reader.sign_in(key.key)
        page = await reader.get(SETTINGS)
        assert page.status == 200
        assert not re.search(r'<input id="iban"(?![^>]* disabled)', page.text)
        assert (await reader.post(SETTINGS, FIELDS, csrf=page.csrf())).status == 403
        assert (await reader.get(KEYS)).status == 403


def _shown_key(page: Seen) -> str:
    match = re.search(r'<code id="secret">(bg_\w+)</code>', page.text)
    assert match is not None
    return match[1]


async def test_key_is_made_shown_once_replaced_and_revoked(visitor: Visitor, console: Client) -> None:
    csrf = (await visitor.get(KEYS)).csrf()
    fields = {"name": "Exact <b>", "orders:write": "on", "platforms": "exact, custom", "expires": "2099-12-31"}
    made = await visitor.post(KEYS, fields, csrf=csrf)
    assert made.status == 201
    key = _shown_key(made)
    assert "Exact &lt;b&gt;" in made.text
    await known(console, key)
    listed = await visitor.get(KEYS)
    assert key not in listed.text
    row = next(row for row in (await console.get("/api/v1/keys")).document["data"] if row["name"] == "Exact <b>")
    assert (row["scopes"], row["platforms"]) == (["orders:write"], ["custom", "exact"])
    assert row["expiresAt"] == "2099-12-31T23:00:00.000000Z", "the end of that day where the account is"
    replaced = await visitor.post(f"{KEYS}/{row['id']}/rotate", csrf=csrf)
    await known(console, _shown_key(replaced))
    revoked = await visitor.post(f"{KEYS}/{row['id']}/revoke", csrf=csrf)
    assert revoked.location == f"{KEYS}?notice=revoked"
    assert (await visitor.get(revoked.location)).status == 200


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "", "admin": "on"}, "name"),
        ({"name": "x"}, "scopes"),
        ({"name": "x", "admin": "on", "platforms": "a\u200bb"}, "platforms"),
        ({"name": "x", "admin": "on", "expires": "2020-01-01"}, "expiresAt"),
        ({"name": "x", "admin": "on", "expires": "never"}, "expiresAt"),
    ],
)
async def test_key_that_the_api_would_refuse_is_refused(visitor: Visitor, fields: dict[str, str], wrong: str) -> None:
    csrf = (await visitor.get(KEYS)).csrf()
    refused = await visitor.post(KEYS, fields, csrf=csrf)
    assert refused.status == 422
    assert refused.text.count('class="error"') == 1, wrong
    assert 'id="secret"' not in refused.text


@pytest.mark.parametrize("id", ["x", "00000000-0000-0000-0000-000000000000"])
async def test_unknown_key_is_not_found(visitor: Visitor, id: str) -> None:
    csrf = (await visitor.get(KEYS)).csrf()
    assert (await visitor.post(f"{KEYS}/{id}/revoke", csrf=csrf)).status == 404
