"""Failures in the dashboard: grouped by cause, shown, mended as the API would check them, replayed and discarded."""

import html
import json
import re
from typing import Any

from services.console.accounts import Accounts
from services.worker.failures import Failures
from services.worker.handler import Handler
from services.worker.store import Store
from shared.database import Database
from shared.keys import SCOPES
from tests.consoles import known
from tests.dashboards import Visitor, visitor_of
from tests.gateways import Client
from tests.submissions import submission
from tests.tenant import Tenant

FAILURES = "/dashboard/failures"


async def _plant(database: Database, account: Tenant, number: str, **fields: Any) -> None:
    """Let a worker's handler set aside what Postgres refuses, as if a gateway had let it through."""
    bad = submission(number, account=account.id, total="1e3x", currency="EUR", **fields)
    await Handler(Store(database), Failures(database)).settle([bad])


async def _open_only(visitor: Visitor) -> str:
    """Return the address of the only failure there is."""
    addresses = re.findall(rf'href="({FAILURES}/[0-9a-f-]{{36}})"', (await visitor.get(FAILURES)).text)
    assert len(addresses) == 1
    return str(addresses[0])


async def test_without_failures_the_page_says_so(visitor: Visitor) -> None:
    page = await visitor.get(FAILURES)
    assert page.status == 200
    assert "Geen fouten" in page.words


async def test_failures_are_grouped_by_cause_and_escaped(visitor: Visitor, database: Database, account: Tenant) -> None:
    for number in ("INV-1", "INV-2", "<script>alert(1)</script>"):
        await _plant(database, account, number)
    page = await visitor.get(FAILURES)
    assert "3 keer" in page.words
    assert "<script>alert" not in page.text
    assert len(re.findall(rf'href="{FAILURES}/[0-9a-f-]{{36}}"', page.text)) == 3
    group = re.search(r'href="(\?[^"]*cause=[^"]*)"', page.text)
    assert group is not None
    assert (await visitor.get(FAILURES + html.unescape(group[1]))).status == 200
    assert "Geen fouten" in (await visitor.get(f"{FAILURES}?state=replayed")).words


async def test_what_is_wrong_in_a_mended_body_is_said_and_nothing_is_replayed(
    visitor: Visitor, database: Database, account: Tenant
) -> None:
    await _plant(database, account, "INV-1")
    address = await _open_only(visitor)
    page = await visitor.get(address)
    assert "1e3x" in page.text
    still_wrong = json.dumps({"platform": "custom", "orderNumber": "INV-1", "orderStatus": "nope", "total": "x"})
    refused = await visitor.post(f"{address}/replay", csrf=page.csrf(), body=still_wrong)
    assert refused.status == 422
    assert refused.text.count("<code>/") == 2
    assert "nope" in refused.text, "what was typed is kept"
    assert (await visitor.post(f"{address}/replay", csrf=page.csrf(), body="{")).status == 422
    assert "Afspeeld" not in (await visitor.get(address)).words


async def test_mended_failure_is_replayed_with_what_was_typed(
    visitor: Visitor, console: Client, database: Database, account: Tenant
) -> None:
    await _plant(database, account, "INV-1")
    address = await _open_only(visitor)
    page = await visitor.get(address)
    mended = {"platform": "custom", "orderNumber": "INV-1", "orderStatus": "processing", "total": "10.5"}
    typed = json.dumps(mended, indent=2).replace("\n", "\r\n")
    asked = await visitor.post(f"{address}/replay", csrf=page.csrf(), body=typed)
    assert (asked.status, asked.location) == (303, f"{address}?notice=asked")
    assert "Wordt afgespeeld" in (await visitor.get(asked.location)).words
    failure = (await console.get(f"/api/v1/failures/{address.rsplit('/', 1)[1]}")).document["failure"]
    assert (failure["state"], failure["mended"], failure["notify"]) == ("replaying", True, False)
    assert failure["body"] == mended


async def test_discarded_failure_is_gone(visitor: Visitor, database: Database, account: Tenant) -> None:
    await _plant(database, account, "INV-1")
    address = await _open_only(visitor)
    csrf = (await visitor.get(address)).csrf()
    gone = await visitor.post(f"{address}/discard", csrf=csrf)
    assert gone.location == f"{FAILURES}?notice=discarded"
    assert (await visitor.get(address)).status == 404


async def test_failures_are_for_their_own_account_and_for_admins(
    visitor: Visitor, console: Client, database: Database, accounts: Accounts, account: Tenant
) -> None:
    await _plant(database, account, "INV-1")
    address = await _open_only(visitor)
    other = Tenant(*await accounts.create("Another", SCOPES))
    reader = await accounts.create_key(account.id, live=True, name="reads", scopes=("orders:read",))
    await known(console, other.live.key)
    await known(console, reader.key)
    for key, status in ((other.live.key, 404), (account.test.key, 404), (reader.key, 403)):
        async with visitor_of(console.url) as somebody:
            await known(console, key)
            await somebody.sign_in(key)
            assert (await somebody.get(address)).status == status
