"""The access to WhatsApp in the dashboard: as the API takes it, its secrets never shown, for admins of live data."""

import msgspec
import pytest

from services.console.accounts import Accounts
from tests.consoles import known
from tests.dashboards import Visitor, visitor_of
from tests.gateways import Client
from tests.tenant import Tenant
from tests.whatsapp_server import APP_SECRET, PHONE_NUMBER_ID, TOKEN

WHATSAPP = "/dashboard/settings/whatsapp"
API = "/api/v1/settings/whatsapp"
ACCESS = {"phoneNumberId": PHONE_NUMBER_ID, "token": TOKEN, "appSecret": APP_SECRET, "linkBase": "https://pay.example/"}


async def test_what_the_form_does_not_show_stays_as_it_is(visitor: Visitor, console: Client) -> None:
    names = {"templateNames": {"payment_reminder": "our_reminder"}}
    headers = {"X-API-Key": console.key, "Content-Type": "application/json"}
    assert (await console.ask("PUT", API, msgspec.json.encode({**ACCESS, **names}), headers)).status == 200
    before = (await console.get(API)).document["whatsapp"]
    page = await visitor.get(WHATSAPP)
    assert not any(secret in page.text for secret in (TOKEN, APP_SECRET))
    assert "Sjablonen met een andere naam bij Meta: 1." in page.words
    saved = await visitor.post(WHATSAPP, csrf=page.csrf(), phoneNumberId="999999", verifyToken="een-woord")
    assert saved.location == f"{WHATSAPP}?notice=saved"
    after = (await console.get(API)).document["whatsapp"]
    assert after == {**before, "phoneNumberId": "999999", "linkBase": None, "verifyToken": "set"}
    forgotten = await visitor.post(f"{WHATSAPP}/forget", csrf=page.csrf())
    assert forgotten.location == f"{WHATSAPP}?notice=forgotten"
    assert (await console.get(API)).document["whatsapp"] is None


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"phoneNumberId": "+31 6"}, {"phoneNumberId"}),
        ({"token": ""}, {"token"}),
        ({"token": "short", "appSecret": "with a space"}, {"token", "appSecret"}),
        ({"linkBase": "pay", "apiVersion": "24"}, {"linkBase", "apiVersion"}),
    ],
)
async def test_what_the_api_would_refuse_is_marked_and_no_secret_comes_back(
    visitor: Visitor, console: Client, wrong: dict[str, str], fields: set[str]
) -> None:
    csrf = (await visitor.get(WHATSAPP)).csrf()
    refused = await visitor.post(WHATSAPP, {**ACCESS, **wrong}, csrf=csrf)
    assert refused.status == 422
    for name in ("phoneNumberId", "token", "appSecret", "verifyToken", "linkBase", "apiVersion"):
        assert (f'id="{name}-error"' in refused.text) is (name in fields)
    secrets = {**ACCESS, **wrong}["token"], {**ACCESS, **wrong}["appSecret"]
    assert not any(secret and f'value="{secret}"' in refused.text for secret in secrets)
    assert (await console.get(API)).document["whatsapp"] is None


async def test_access_is_for_admins_and_the_test_world_cannot_change_it(
    visitor: Visitor, console: Client, accounts: Accounts, account: Tenant
) -> None:
    reads = await accounts.create_key(account.id, live=True, name="reads", scopes=("orders:read",))
    for key, status in ((reads.key, 403), (account.test.key, 200)):
        await known(console, key)
        async with visitor_of(console.url) as somebody:
            await somebody.sign_in(key)
            assert (await somebody.get(WHATSAPP)).status == status
            csrf = (await somebody.get("/dashboard")).csrf()
            assert (await somebody.post(WHATSAPP, ACCESS, csrf=csrf)).status == 403
            assert (await somebody.post(f"{WHATSAPP}/forget", csrf=csrf)).status == 403
    assert (await console.get(API)).document["whatsapp"] is None
