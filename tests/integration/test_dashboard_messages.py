"""The account's messages and its suppression list in the dashboard."""

from typing import Any

from uuid_utils.compat import uuid7

from services.console.accounts import Accounts
from services.worker.store import Store
from shared.database import Database
from tests.consoles import known
from tests.dashboards import Visitor, visitor_of
from tests.gateways import Client
from tests.submissions import submission
from tests.tenant import Tenant

MESSAGES = "/dashboard/messages"
SUPPRESSIONS = "/dashboard/settings/suppressions"


async def _plan(database: Database, account: Tenant, number: str, state: str, **fields: Any) -> None:
    """Store an order, and a message about it in some state."""
    order = submission(number, account=account.id, **fields)
    await Store(database).settle([order])
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO notifications (id, account_id, livemode, order_id, kind, event_type, run_id, channel, state,"
            " reason, due_at) VALUES ($1, $2, true, $3, 'reminder', 'reminder.due', $4, 'email', $5, $6, now())",
            uuid7(),
            account.id,
            order.order_id,
            order.id,
            state,
            "suppressed" if state == "cancelled" else None,
        )


async def test_messages_are_shown_by_what_became_of_them(visitor: Visitor, database: Database, account: Tenant) -> None:
    assert "Geen berichten" in (await visitor.get(MESSAGES)).words
    for number, state in (("INV-1", "sent"), ("INV-2", "failed"), ("INV-3", "held"), ("INV-4", "cancelled")):
        await _plan(database, account, number, state, customerName=f"<b>{number}")
    everything = await visitor.get(MESSAGES)
    assert everything.text.count("&lt;b&gt;INV-") == 4
    assert "<b>INV" not in everything.text
    for group, number in (("sent", "INV-1"), ("failed", "INV-2"), ("coming", "INV-3"), ("cancelled", "INV-4")):
        page = await visitor.get(f"{MESSAGES}?group={group}")
        assert [name for name in ("INV-1", "INV-2", "INV-3", "INV-4") if name in page.words] == [number]
    assert (await visitor.get(f"{MESSAGES}?group=none")).status == 422


async def test_list_of_messages_goes_page_by_page(visitor: Visitor, database: Database, account: Tenant) -> None:
    for number in range(3):
        await _plan(database, account, f"INV-{number}", "sent")
    seen, page = [], await visitor.get(f"{MESSAGES}?limit=2")
    seen += [name for name in ("INV-0", "INV-1", "INV-2") if name in page.words]
    cursor = page.text.partition("cursor=")[2].partition('"')[0]
    page = await visitor.get(f"{MESSAGES}?cursor={cursor}")
    seen += [name for name in ("INV-0", "INV-1", "INV-2") if name in page.words]
    assert sorted(seen) == ["INV-0", "INV-1", "INV-2"]


async def test_messages_of_others_and_of_other_platforms_are_not_shown(
    visitor: Visitor, console: Client, database: Database, accounts: Accounts, account: Tenant
) -> None:
    await _plan(database, account, "INV-1", "sent")
    elsewhere = await accounts.create_key(
        account.id, live=True, name="p", scopes=("orders:read",), platforms=("elsewhere",)
    )
    other = Tenant(*await accounts.create("Another", ("admin",)))
    for key in (elsewhere.key, other.live.key, account.test.key):
        await known(console, key)
        async with visitor_of(console.url) as somebody:
            await somebody.sign_in(key)
            assert "INV-1" not in (await somebody.get(MESSAGES)).words
    assert "INV-1" in (await visitor.get(MESSAGES)).words


async def test_address_is_suppressed_and_allowed_again(visitor: Visitor, console: Client) -> None:
    csrf = (await visitor.get(SUPPRESSIONS)).csrf()
    for wrong in ("", "nobody", "a\u2028b@c.nl"):
        refused = await visitor.post(SUPPRESSIONS, csrf=csrf, address=wrong)
        assert (refused.status, refused.text.count('class="error"')) == (422, 1)
    for address in ("Klant@Bedrijf.nl", "06 12345678"):
        added = await visitor.post(SUPPRESSIONS, csrf=csrf, address=address)
        assert added.location == f"{SUPPRESSIONS}?notice=added"
    page = await visitor.get(added.location)
    assert "klant@bedrijf.nl" in page.words
    listed = (await console.get("/api/v1/suppressions")).document["data"]
    assert {one["address"] for one in listed} == {"klant@bedrijf.nl", "+31612345678"}
    removed = await visitor.post(f"{SUPPRESSIONS}/remove", csrf=csrf, address="klant@bedrijf.nl")
    assert removed.location == f"{SUPPRESSIONS}?notice=removed"
    assert "klant@bedrijf.nl" not in (await visitor.get(SUPPRESSIONS)).words
