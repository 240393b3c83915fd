"""Webhooks in the dashboard: added, changed, turned off and on, rotated, replayed and deleted, as the API would."""

import re

import pytest

from services.console.accounts import Accounts
from tests.consoles import known
from tests.dashboards import Visitor, visitor_of
from tests.gateways import Client
from tests.tenant import Tenant

WEBHOOKS = "/dashboard/webhooks"
URL = "https://example.com/hooks/bugalou"


async def _add(visitor: Visitor) -> tuple[str, str]:
    """Add a webhook; return its address here, and its secret."""
    csrf = (await visitor.get(WEBHOOKS)).csrf()
    made = await visitor.post(WEBHOOKS, {"event payment.paid": "on"}, csrf=csrf, url=URL, description="<b>ooks")
    assert made.status == 201
    secret = re.search(r'<code id="secret">(whsec_[^<]+)</code>', made.text)
    address = re.search(rf'action="({WEBHOOKS}/[0-9a-f-]{{36}})"', made.text)
    assert secret is not None
    assert address is not None
    return address[1], secret[1]


async def test_webhook_is_made_and_its_secret_is_shown_once(visitor: Visitor, console: Client) -> None:
    assert "Nog geen webhooks" in (await visitor.get(WEBHOOKS)).words
    address, secret = await _add(visitor)
    stored = (await console.get(f"/api/v1/webhooks/{address.rsplit('/', 1)[1]}")).document["webhook"]
    assert (stored["url"], stored["events"], stored["description"]) == (URL, ["payment.paid"], "<b>ooks")
    for page in (await visitor.get(WEBHOOKS), await visitor.get(address)):
        assert page.status == 200
        assert secret not in page.text
        assert "<b>ooks" not in page.text


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "http://example.com/", "event *": "on"},
        {"url": "https://127.0.0.1/", "event *": "on"},
        {"url": "", "event *": "on"},
        {"url": "https://example.com/", "event *": "on", "description": "x" * 201},
    ],
)
async def test_what_the_api_would_refuse_is_marked(visitor: Visitor, fields: dict[str, str]) -> None:
    csrf = (await visitor.get(WEBHOOKS)).csrf()
    refused = await visitor.post(WEBHOOKS, fields, csrf=csrf)
    assert refused.status == 422
    assert refused.text.count('class="error"') == 1
    address, _ = await _add(visitor)
    assert (await visitor.post(address, {**fields, "url": fields["url"] or "ftp://x"}, csrf=csrf)).status == 422


async def test_webhook_is_changed_turned_off_and_on_rotated_and_deleted(visitor: Visitor, console: Client) -> None:
    address, secret = await _add(visitor)
    csrf = (await visitor.get(address)).csrf()
    id = address.rsplit("/", 1)[1]
    changed = await visitor.post(address, {"event *": "on"}, csrf=csrf, url="https://example.org/")
    assert changed.location == f"{address}?notice=saved"
    await visitor.post(f"{address}/turn", csrf=csrf, enabled="no")
    stored = (await console.get(f"/api/v1/webhooks/{id}")).document["webhook"]
    assert (stored["url"], stored["events"], stored["enabled"]) == ("https://example.org/", ["*"], False)
    assert "Uitgezet door u." in (await visitor.get(address)).words
    await visitor.post(f"{address}/turn", csrf=csrf, enabled="yes")
    rotated = await visitor.post(f"{address}/rotate", csrf=csrf)
    assert "whsec_" in rotated.text
    assert secret not in rotated.text
    deleted = await visitor.post(f"{address}/delete", csrf=csrf)
    assert deleted.location == f"{WEBHOOKS}?notice=deleted"
    assert (await visitor.get(address)).status == 404


async def test_period_is_read_on_the_accounts_clock_and_checked(visitor: Visitor) -> None:
    address, _ = await _add(visitor)
    csrf = (await visitor.get(address)).csrf()
    replayed = await visitor.post(f"{address}/replay", {"from": "2026-11-01T00:00", "to": ""}, csrf=csrf)
    assert replayed.location == f"{address}?notice=replayed&count=0"
    assert "0 gebeurtenissen" in (await visitor.get(replayed.location)).words
    for period in ({"from": "", "to": ""}, {"from": "2026-11-02T00:00", "to": "2026-11-01T00:00"}, {"from": "soon"}):
        assert (await visitor.post(f"{address}/replay", csrf=csrf, form=period)).status == 422
    unknown = "00000000-0000-0000-0000-000000000000"
    assert (await visitor.post(f"{address}/replay", csrf=csrf, event=unknown)).status == 404


async def test_webhooks_are_for_admins_of_every_platform(
    visitor: Visitor, console: Client, accounts: Accounts, account: Tenant
) -> None:
    address, _ = await _add(visitor)
    some = await accounts.create_key(account.id, live=True, name="some", scopes=("admin",), platforms=("custom",))
    reads = await accounts.create_key(account.id, live=True, name="reads", scopes=("orders:read",))
    for key, status in ((some.key, 403), (reads.key, 403), (account.test.key, 404)):
        await known(console, key)
        async with visitor_of(console.url) as somebody:
            await somebody.sign_in(key)
            assert (await somebody.get(address)).status == status
