"""The dashboard's pages over real HTTP and real Postgres: what they show, to whom, and that hostile text stays text."""

import re
from html import unescape
from typing import Any, Final
from uuid import UUID

import pytest
from msgspec.structs import replace
from uuid_utils.compat import uuid7

from services.console.accounts import Accounts
from services.console.dashboard.rendering import invoice_path
from services.worker.store import Store
from shared.contracts import Submission
from shared.database import Database
from shared.keys import SCOPES
from shared.orders.identity import Identity
from tests.consoles import known
from tests.dashboards import Visitor, visitor_of
from tests.gateways import Client
from tests.submissions import submission
from tests.tenant import Tenant

SCRIPT: Final = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"
BIDI: Final = "Pay \u202eeno\u202c \u2066me\u2069"
NUMBERS: Final = ("2026/042", "50%", "%2F", "a?b=c#d", "..", ".", "a&b;c", "é🧾", "{x}", SCRIPT, "/" * 128, "x" * 128)


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


def on(platform: str, original: Submission) -> Submission:
    identity = Identity(original.account, original.live, platform, original.order_number)
    return replace(original, platform=platform, order_id=identity.order_id())


_NOTIFY: Final = """
INSERT INTO notifications (id, account_id, livemode, order_id, kind, event_type, run_id, channel, state, due_at,
    sent_at, recipient, subject, text_body, html_body)
VALUES ($1, $2, true, $3, 'reminder', 'payment.overdue', $1, 'email', 'sent', now(), now(), $4, $4, $4, $5)
"""


async def notify(database: Database, order: Submission, words: str) -> UUID:
    """Store a message that was sent for an order."""
    found = uuid7()
    async with database.transaction() as connection:
        await connection.execute(_NOTIFY, found, order.account, order.order_id, words, f"<p>{words}</p>")
    return found


async def test_every_number_that_an_order_can_have_leads_from_the_list_to_its_page(
    visitor: Visitor, store: Store, account: Tenant
) -> None:
    await store.settle(
        [submission(number, account=account.id, customerName=f"C{i}") for i, number in enumerate(NUMBERS)]
    )
    await store.settle(
        [on("a/b ?", submission("1", account=account.id)), on("..", submission("1", account=account.id))]
    )
    listed = await visitor.get("/dashboard/invoices")
    links = re.findall(r'id="open-[^"]*" href="([^"]*)"', listed.text)
    assert len(links) == len(NUMBERS) + 2
    for link in map(unescape, links):
        assert (await visitor.get(link)).status == 200, link
    for number in NUMBERS:
        page = await visitor.get(invoice_path("custom", number))
        assert f"<bdi>{number}</bdi>".replace("<bdi>", "").replace("</bdi>", "") in page.words or "<" in number


async def test_what_a_tenant_typed_is_text_and_cannot_turn_what_stands_beside_it(
    visitor: Visitor, store: Store, account: Tenant, database: Database
) -> None:
    hostile: dict[str, Any] = {
        "customerName": f"{SCRIPT} {BIDI}",
        "invoiceNumber": SCRIPT,
        "paymentMethod": SCRIPT[:64],
        "metadata": {SCRIPT[:40]: SCRIPT},
        "items": [{"name": SCRIPT, "quantity": "1", "price": "1"}],
        "total": "1",
        "currency": "EUR",
        "paymentStatus": "pending",
    }
    order = submission(SCRIPT, account=account.id, **hostile)
    await store.settle([order])
    message = await notify(database, order, f"{SCRIPT} {BIDI}")
    for path in (
        "/dashboard",
        "/dashboard/invoices",
        "/dashboard/invoices?q=%3Cscript%3E&platform=custom&customerEmail=%22%3E%3Cscript%3E",
        invoice_path("custom", SCRIPT),
        f"/dashboard/messages/{message}",
        "/dashboard/invoices?sort=%3Cscript%3E",
    ):
        page = await visitor.get(path)
        assert page.status in (200, 422), path
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert (
            "49" not in re.sub(r"[0-9a-f]{12,}|v=[0-9a-f]+", "", page.text.partition("<main")[2]) or "7*7" in page.text
        )
        assert "\u202e" not in page.text


async def test_message_is_shown_where_nothing_of_it_can_run(
    visitor: Visitor, store: Store, account: Tenant, database: Database
) -> None:
    order = submission("1", account=account.id)
    await store.settle([order])
    message = await notify(database, order, SCRIPT)
    page = await visitor.get(f"/dashboard/messages/{message}")
    assert f'<iframe class="message card" sandbox src="/dashboard/messages/{message}/body"' in page.text
    body = await visitor.get(f"/dashboard/messages/{message}/body")
    policy = body.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert body.headers["Cache-Control"] == "no-store"
    for path in ("nonsense", str(uuid7()), f"{uuid7()}/body"):
        assert (await visitor.get(f"/dashboard/messages/{path}")).status == 404


async def test_nobody_sees_what_is_anothers_not_even_by_its_address(
    console: Client, store: Store, account: Tenant, accounts: Accounts, database: Database
) -> None:
    order = submission("2026/042", account=account.id, customerName="Alleen van mij", total="10", currency="EUR")
    await store.settle([order])
    message = await notify(database, order, "Alleen van mij")
    other = Tenant(*await accounts.create("De Klein", SCOPES))
    limited = await accounts.create_key(account.id, live=True, name="p", scopes=SCOPES, platforms=["moneybird"])
    keys = (other.live.key, other.test.key, account.test.key, limited.key)
    await known(console, *keys)
    for key in keys:
        async with visitor_of(console.url) as stranger:
            await stranger.sign_in(key)
            for path in ("/dashboard", "/dashboard/invoices", "/dashboard/invoices/rows", "/dashboard/invoices.csv"):
                page = await stranger.get(path)
                assert page.status == 200, path
                assert "Alleen van mij" not in page.text
            for path in (
                invoice_path("custom", "2026/042"),
                invoice_path("custom", "2026/042").replace("invoices", "live"),
                f"/dashboard/messages/{message}",
                f"/dashboard/messages/{message}/body",
            ):
                page = await stranger.get(path)
                assert page.status in (403, 404), path
                assert "Alleen van mij" not in page.text


async def test_open_page_is_told_what_changed_and_else_nothing(visitor: Visitor, store: Store, account: Tenant) -> None:
    await store.settle([submission("1", account=account.id, paymentStatus="pending", total="10", currency="EUR")])
    for path, live in (
        ("/dashboard/invoices?q=1", "/dashboard/invoices/rows?q=1"),
        ("/dashboard/invoices/custom/1", "/dashboard/live/custom/1"),
    ):
        page = await visitor.get(path)
        assert f'data-live="{live}"' in page.text
        match = re.search(r'data-etag="([^"]+)"', page.text)
        assert match is not None
        etag = unescape(match[1])
        same = await visitor.get(live, HX_Request="true", If_None_Match=etag)
        assert (same.status, same.text) == (304, "")
        await store.settle([submission("1", account=account.id, minutes=1, amountPaid=str(len(path)))])
        changed = await visitor.get(live, HX_Request="true", If_None_Match=etag)
        assert changed.status == 200
        assert changed.headers["ETag"] != etag
        assert "<html" not in changed.text
        again = await visitor.get(live, HX_Request="true", If_None_Match=changed.headers["ETag"])
        assert again.status == 304


async def test_script_of_somebody_who_was_signed_out_is_sent_to_the_sign_in(console: Client) -> None:
    async with visitor_of(console.url) as stranger:
        answer = await stranger.get("/dashboard/invoices/rows", HX_Request="true")
    assert answer.status == 401
    assert answer.headers["HX-Redirect"].startswith("/dashboard/sign-in")


async def test_list_goes_page_by_page_and_its_file_holds_all(visitor: Visitor, store: Store, account: Tenant) -> None:
    await store.settle([submission(f"{number:03}", account=account.id) for number in range(60)])
    seen: list[str] = []
    path = "/dashboard/invoices?sort=orderNumber&q=&platform=custom"
    while path:
        page = await visitor.get(path)
        seen += re.findall(r"/dashboard/invoices/custom/(\d{3})\"", page.text)
        following = re.search(r'href="([^"]+)" rel="next"', page.text)
        path = unescape(following[1]) if following else ""
    assert seen == [f"{number:03}" for number in range(60)]
    file = await visitor.get("/dashboard/invoices.csv?sort=orderNumber&platform=custom&q=")
    assert file.headers["Content-Type"].startswith("text/csv")
    assert len(file.text.splitlines()) == 61


async def test_filter_that_is_on_can_be_taken_away(visitor: Visitor, store: Store, account: Tenant) -> None:
    await store.settle([submission("1", account=account.id, paymentStatus="paid")])
    page = await visitor.get(
        "/dashboard/invoices?q=zz&paymentStatus=overdue,pending&month=2026-10", Accept_Language="en"
    )
    assert "Nothing found" in page.words
    chips = dict(re.findall(r'class="chip removable" href="([^"]*)" aria-label="([^"]*)"', page.text))
    assert [unescape(label) for label in chips.values()] == [
        "Remove filter: Search zz",
        "Remove filter: Status Overdue, Open",
        "Remove filter: Month October 2026",
    ]
    for link in chips:
        assert (await visitor.get(unescape(link))).status == 200


async def test_form_of_who_may_not_do_it_is_refused(
    console: Client, store: Store, account: Tenant, accounts: Accounts, database: Database
) -> None:
    order = submission("1", account=account.id, customerEmail="a@example.com", total="10", paymentStatus="overdue")
    await store.settle([order])
    reader = await accounts.create_key(account.id, live=True, name="r", scopes=["orders:read"])
    writer = await accounts.create_key(account.id, live=True, name="w", scopes=["orders:read", "orders:write"])
    limited = await accounts.create_key(account.id, live=True, name="p", scopes=SCOPES, platforms=["moneybird"])
    here = await accounts.create_key(account.id, live=True, name="h", scopes=SCOPES, platforms=["custom"])
    await known(console, reader.key, writer.key, limited.key, here.key)
    names: dict[str, Any] = {"platform": "custom", "orderNumber": "1"}
    for key, allowed in (
        (reader.key, set[str]()),
        (writer.key, {"pause", "resume", "resume-client"}),
        (limited.key, set[str]()),
        (here.key, {"pause", "resume"}),
    ):
        async with visitor_of(console.url) as somebody:
            await somebody.sign_in(key)
            csrf = (await somebody.get("/dashboard")).csrf()
            for action in ("remind", "pause", "resume", "resume-client", "suppress", "allow"):
                if action == "remind" and allowed:
                    continue  # what it then does is the API's to test
                answer = await somebody.post(f"/dashboard/invoice/{action}", csrf=csrf, headers=None, **names)
                assert answer.status == (303 if action in allowed else answer.status), (action, answer.text[:500])
                assert action in allowed or answer.status in (403, 404), action
                unsigned = await somebody.post(f"/dashboard/invoice/{action}", headers=None, **names)
                assert unsigned.status == 403, action
    async with database.transaction() as connection:
        assert await connection.fetchval("SELECT count(*) FROM suppressions") == 0


async def test_a_clients_pause_is_shown_on_its_invoices_and_ended_there(
    visitor: Visitor, console: Client, store: Store, account: Tenant
) -> None:
    for number in ("1", "2"):
        order = submission(number, account=account.id, customerEmail="A@example.com", total="10", paymentStatus="paid")
        await store.settle([order])
    page = await visitor.get("/dashboard/invoices/custom/1", Accept_Language="en")
    assert "of this client are paused" not in page.words
    assert "act-resume-client" not in page.text
    pausing = "/api/v1/customers/a@example.com/pause"
    assert (await console.ask("PUT", pausing, headers={"X-API-Key": console.key})).status == 200
    for language, told in (("en", "all invoices of this client are paused"), ("nl", "alle facturen van deze klant")):
        for number in ("1", "2"):
            page = await visitor.get(f"/dashboard/invoices/custom/{number}", Accept_Language=language)
            assert told in page.words
            assert "act-resume-client" in page.text
    ended = await visitor.post("/dashboard/invoice/resume-client", csrf=page.csrf(), platform="custom", orderNumber="1")
    page = await visitor.get(ended.location, Accept_Language="en")
    assert "Reminders of this client go on." in page.words
    assert "of this client are paused" not in page.words


async def test_what_was_done_is_told_on_the_invoice_whatever_its_number(
    visitor: Visitor, store: Store, account: Tenant
) -> None:
    for number in ("2026/042", ".."):
        await store.settle([submission(number, account=account.id, paymentStatus="paid")])
        csrf = (await visitor.get("/dashboard")).csrf()
        answer = await visitor.post("/dashboard/invoice/remind", csrf=csrf, platform="custom", orderNumber=number)
        assert answer.status == 303
        page = await visitor.get(answer.location, Accept_Language="en")
        assert "There is nothing to remind of" in page.words
    gone = await visitor.post("/dashboard/invoice/pause", csrf=csrf, platform="custom", orderNumber="gone")
    assert gone.status == 404


async def test_keys_that_only_read_get_no_raw_data(
    console: Client, store: Store, account: Tenant, accounts: Accounts
) -> None:
    await store.settle([submission("1", account=account.id)])
    reader = await accounts.create_key(account.id, live=True, name="r", scopes=["orders:read"])
    await known(console, reader.key)
    async with visitor_of(console.url) as somebody:
        await somebody.sign_in(reader.key)
        page = await somebody.get("/dashboard/invoices/custom/1")
    assert page.status == 200
    assert '<details id="raw"' not in page.text


async def test_amounts_of_several_currencies_are_never_summed(visitor: Visitor, store: Store, account: Tenant) -> None:
    for number, currency in enumerate(("EUR", "USD", "JPY", None)):
        more: dict[str, Any] = {"currency": currency} if currency else {}
        await store.settle(
            [
                submission(
                    str(number),
                    account=account.id,
                    total="100",
                    invoiceDate="2026-10-05",
                    paymentStatus="pending",
                    **more,
                )
            ]
        )
    page = await visitor.get("/dashboard?month=2026-10", Accept_Language="nl")
    for amount in ("€\u00a0100,00", "US$\u00a0100,00", "JP¥\u00a0100", "100,00"):
        assert amount in page.text, amount
    assert "200" not in re.sub(r"[^0-9,.€$¥]+", " ", page.words)
    assert page.text.count('class="figure invoiced"') == 4
