"""Signing in to the dashboard, what a session may see and do, and how it ends."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.console.accounts import Accounts
from services.console.dashboard.sessions import Sessions
from services.console.dashboard.sign_in_links import SignInLinks
from services.worker.store import Store
from shared.database import Database
from shared.keys import SCOPES, make_key
from tests.consoles import known, running_console
from tests.dashboards import Seen, Visitor, visitor_of
from tests.gateways import Client
from tests.polling import eventually
from tests.submissions import submission
from tests.tenant import Tenant


@pytest.fixture
async def console(database_url: str, account: Tenant) -> AsyncIterator[Client]:
    async with running_console(account.live.key, database_url=database_url) as client:
        await known(client, account.test.key)
        yield client


@pytest.fixture
async def visitor(console: Client) -> AsyncIterator[Visitor]:
    async with visitor_of(console.url) as somebody:
        yield somebody


async def test_key_signs_in_until_signed_out(visitor: Visitor, account: Tenant) -> None:
    refused = await visitor.get("/dashboard?month=2026-10")
    assert (refused.status, refused.location) == (
        303,
        "/dashboard/sign-in?next=%2Fdashboard%3Fmonth%3D2026-10",
    )
    entered = await visitor.post("/dashboard/sign-in", key=f" {account.live.key} ", next="/dashboard?month=2026-10")
    assert (entered.status, entered.location) == (303, "/dashboard?month=2026-10")
    cookie = entered.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    page = await visitor.get("/dashboard")
    assert page.status == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    left = await visitor.post("/dashboard/sign-out", csrf=page.csrf())
    assert left.status == 303
    assert (await visitor.get("/dashboard")).status == 303


async def test_cookie_is_for_https_alone_where_the_proxy_says_that_the_browser_uses_it(
    visitor: Visitor, account: Tenant
) -> None:
    origin, headers = visitor.origin.replace("http:", "https:"), {"X-Forwarded-Proto": "https"}
    entered = await visitor.post("/dashboard/sign-in", key=account.live.key, origin=origin, headers=headers)
    cookie = entered.headers["Set-Cookie"]
    assert cookie.startswith("__Host-bugalou_session=")
    assert "Secure" in cookie.split("; ")
    plain = await visitor.post("/dashboard/sign-in", key=account.live.key, headers=headers)
    assert plain.status == 403, "a page that came without TLS, where the browser is said to use it"


@pytest.mark.parametrize(
    "onward", ["https://evil.example", "//evil.example", "/dashboard/\\evil", "/dashboardx", "/api"]
)
async def test_signing_in_leads_to_no_other_site(visitor: Visitor, account: Tenant, onward: str) -> None:
    entered = await visitor.post("/dashboard/sign-in", key=account.live.key, next=onward)
    assert entered.location == "/dashboard"


async def test_only_hashes_of_cookies_and_links_are_stored(
    visitor: Visitor, account: Tenant, database: Database
) -> None:
    link = await SignInLinks(database).make(account.id, live=True)
    entered = await visitor.sign_in(account.live.key)
    token = re.search(r"bugalou_session=([^;]+)", entered.headers["Set-Cookie"])
    assert token is not None
    async with database.transaction() as connection:
        rows = await connection.fetch(
            "SELECT row_to_json(s)::text AS row FROM dashboard_sessions AS s"
            " UNION ALL SELECT row_to_json(l)::text FROM sign_in_links AS l"
        )
    assert len(rows) == 2
    stored = "".join(row["row"] for row in rows)
    assert token[1] not in stored
    assert link.partition("=")[2] not in stored


async def test_link_signs_in_once_and_looking_at_it_does_not_use_it_up(
    console: Client, visitor: Visitor, account: Tenant, database: Database
) -> None:
    link = await SignInLinks(database).make(account.id, live=True)
    for _ in range(3):
        assert (await visitor.get(link)).status == 200
    token = link.partition("=")[2]
    entered = await visitor.post("/dashboard/sign-in/link", token=token)
    assert (entered.status, entered.location) == (303, "/dashboard")
    assert (await visitor.get("/dashboard")).status == 200
    async with visitor_of(console.url) as second:
        assert (await second.post("/dashboard/sign-in/link", token=token)).status == 410
        assert (await second.get(link)).status == 410
        assert (await second.get("/dashboard")).status == 303


async def test_expired_and_made_up_links_are_refused(visitor: Visitor, account: Tenant, database: Database) -> None:
    old = await SignInLinks(database).make(account.id, live=True, lasts=timedelta(seconds=-1))
    for token in (old.partition("=")[2], "A" * 43, "", "ü" * 43):
        assert (await visitor.post("/dashboard/sign-in/link", token=token)).status == 410


async def test_session_ends_with_its_key_and_with_its_time(
    console: Client, visitor: Visitor, account: Tenant, accounts: Accounts, database: Database
) -> None:
    key = await accounts.create_key(account.id, live=True, name="k", scopes=SCOPES)
    await known(console, key.key)
    assert (await visitor.sign_in(key.key)).status == 303
    assert (await visitor.get("/dashboard")).status == 200
    await accounts.revoke(key.id)
    assert (await visitor.get("/dashboard")).status == 303
    for idle, most in ((timedelta(0), timedelta(hours=1)), (timedelta(hours=1), timedelta(0))):
        sessions = Sessions(database, idle=idle, most=most)
        async with database.transaction() as connection:
            token = await sessions.add(connection, account.id, key_id=None, live=True)
        assert await sessions.find(token) is None


async def test_all_sessions_of_an_account_can_be_ended(visitor: Visitor, account: Tenant, database: Database) -> None:
    links = SignInLinks(database)
    unused = await links.make(account.id, live=True)
    await visitor.sign_in(account.live.key)
    await links.sign_out_all(account.id)
    assert (await visitor.get("/dashboard")).status == 303
    assert (await visitor.get(unused)).status == 410


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_forms_of_other_sites_are_refused(visitor: Visitor, account: Tenant, origin: str | None) -> None:
    assert (await visitor.post("/dashboard/sign-in", key=account.live.key, origin=origin)).status == 403
    await visitor.sign_in(account.live.key)
    csrf = (await visitor.get("/dashboard")).csrf()
    assert (await visitor.post("/dashboard/sign-out", csrf=csrf, origin=origin)).status == 403
    assert (await visitor.get("/dashboard")).status == 200


async def test_forms_without_the_token_of_their_session_and_world_are_refused(
    console: Client, visitor: Visitor, account: Tenant
) -> None:
    await visitor.sign_in(account.live.key)
    live = (await visitor.get("/dashboard")).csrf()
    async with visitor_of(console.url) as other:
        await other.sign_in(account.live.key)
        foreign = (await other.get("/dashboard")).csrf()
    for csrf in ("", foreign, live.upper(), "é"):
        assert (await visitor.post("/dashboard/sign-out", csrf=csrf)).status == 403
    assert (await visitor.post("/dashboard/world", csrf=live, world="test")).status == 303
    page = await visitor.get("/dashboard", Accept_Language="en")
    assert "test data" in page.words
    assert (await visitor.post("/dashboard/sign-out", csrf=live)).status == 403, "a page of the other world"
    assert (await visitor.post("/dashboard/sign-out", csrf=page.csrf())).status == 303


async def test_worlds_can_be_switched_only_where_the_key_could_have_the_other(
    console: Client, visitor: Visitor, account: Tenant, accounts: Accounts, database: Database
) -> None:
    reader = await accounts.create_key(account.id, live=True, name="r", scopes=["orders:read"])
    await known(console, reader.key)
    test_link = (await SignInLinks(database).make(account.id, live=False)).partition("=")[2]
    for sign_in, banner in (
        ({"key": account.test.key}, True),
        ({"key": reader.key}, False),
        ({"token": test_link}, True),
    ):
        path = "/dashboard/sign-in/link" if "token" in sign_in else "/dashboard/sign-in"
        await visitor.post(path, sign_in)
        page = await visitor.get("/dashboard", Accept_Language="en")
        assert ("test data" in page.words) is banner
        assert 'action="/dashboard/world"' not in page.text
        await visitor.post("/dashboard/world", csrf=page.csrf(), world="test" if not banner else "live")
        page = await visitor.get("/dashboard", Accept_Language="en")
        assert ("test data" in page.words) is banner
        await visitor.post("/dashboard/sign-out", csrf=page.csrf())


async def test_keys_that_may_not_read_and_wrong_keys_do_not_sign_in(
    console: Client, visitor: Visitor, account: Tenant, accounts: Accounts
) -> None:
    writer = await accounts.create_key(account.id, live=True, name="w", scopes=["orders:write"])
    await known(console, writer.key)
    for key in (writer.key, make_key(live=True), "", "bg_live_" + "x" * 36, account.live.key[:-1], "é" * 300):
        answer = await visitor.sign_in(key)
        assert answer.status == 403, key
        assert key == "" or key not in answer.text
    assert (await visitor.get("/dashboard")).status == 303


async def test_dashboard_answers_in_html_and_the_api_in_problem_documents(
    console: Client, visitor: Visitor, account: Tenant
) -> None:
    home = await visitor.get("/")
    assert (home.status, home.location) == (303, "/dashboard")
    for signed_in in (False, True):
        if signed_in:
            await visitor.sign_in(account.live.key)
        for path in ("/dashboard/nothing", "/dashboard/a/b/c%2Fd", "/dashboard/files/none.css"):
            missing = await visitor.get(path)
            assert missing.status == 404, path
            if "files" not in path:
                assert missing.headers["Content-Type"].startswith("text/html")
                assert "frame-ancestors 'none'" in missing.headers["Content-Security-Policy"]
    wrong = await visitor.get("/dashboard?month=2026-13&foo=%3Cscript%3E")
    assert wrong.status == 422
    assert "<script>" not in wrong.text.partition("<main")[2]
    assert (await console.ask("GET", "/api/nothing")).is_problem()
    assert (await console.ask("PUT", "/dashboard", b"")).status == 404


async def test_one_account_never_sees_anothers_overview(
    visitor: Visitor, account: Tenant, accounts: Accounts, database: Database
) -> None:
    other = await accounts.create("De Klein", SCOPES)
    for owner, name in ((account.id, "Mine"), (UUID(str(other[0])), "Theirs")):
        await Store(database).settle([submission(account=owner, customerName=name, total="10", currency="EUR")])
    await visitor.sign_in(account.live.key)
    page = await visitor.get("/dashboard/invoices")
    assert "Theirs" not in page.text


async def test_forms_beyond_the_memory_set_aside_for_them_are_refused_until_there_is_room(
    visitor: Visitor, account: Tenant
) -> None:
    await visitor.sign_in(account.live.key)
    csrf = (await visitor.get("/dashboard/settings")).csrf()
    may_end = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield f"csrf={csrf}".encode()
        await may_end.wait()

    async def switched() -> int:
        return (await visitor.post("/dashboard/world", csrf=csrf, world="live")).status

    def send() -> asyncio.Task[Seen]:
        return group.create_task(visitor.send(f"/dashboard/failures/{uuid7()}/replay", slow()))

    async def is_refused() -> bool:
        # One that came while the small form below was being taken may have found no room: it is sent again.
        sent[:] = [send() if one.done() else one for one in sent]
        return await switched() == 503

    async with asyncio.TaskGroup() as group:
        # Nobody knows how long they will be: each is given the megabyte that it may have.
        sent = [send() for _ in range(8)]
        await eventually(is_refused, what="forms are refused")
        may_end.set()
    assert {one.result().status for one in sent} == {404}
    assert await switched() == 303


async def test_slow_forms_of_strangers_keep_nobody_from_signing_in(
    console: Client, visitor: Visitor, account: Tenant
) -> None:
    place = urlsplit(visitor.origin)
    head = (
        f"POST /dashboard/sign-in HTTP/1.1\r\nHost: {place.netloc}\r\nOrigin: {visitor.origin}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 65536\r\nExpect: 100-continue\r\n\r\n"
    )
    async with AsyncExitStack() as slow:
        for _ in range(140):  # which announce more than all forms may hold
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            slow.callback(writer.close)
            writer.write(head.encode())
            assert b"100" in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"key=")

        assert (await visitor.sign_in(account.live.key)).status == 303


async def test_language_is_the_choice_then_the_browsers_then_the_accounts(visitor: Visitor, account: Tenant) -> None:
    async def language(accepted: str) -> str:
        page = await visitor.get("/dashboard/sign-in", Accept_Language=accepted)
        match = re.search(r'<html lang="(..)">', page.text)
        assert match is not None
        return match[1]

    assert await language("") == "nl"
    assert await language("fr;q=0.9, en-US;q=0.8, nl;q=0.1") == "en"
    assert await language("nl-BE, en;q=0.5") == "nl"
    assert await language("en;q=0, *;q=0.1, ;;,") == "nl"
    chosen = await visitor.post("/dashboard/language", language="en", next="/dashboard/sign-in")
    assert chosen.location == "/dashboard/sign-in"
    assert await language("nl") == "en"
    await visitor.post("/dashboard/language", language="xx")
    assert await language("nl") == "en"
