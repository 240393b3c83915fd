"""The dashboard in a real browser, as a freelancer with a phone and an operator at a desk use it."""

import re
from typing import Any, Final, Literal

import pytest
from playwright.async_api import Browser, Page, expect

from services.cli.demo.year import PLATFORM
from services.console.dashboard.rendering import invoice_path
from services.console.months import Month
from services.worker.failures import Failures
from services.worker.handler import Handler
from services.worker.store import Store
from tests.browser.product import DESK, NOW, PHONE, SMALLEST, Product, barriers, looking, overflow, sign_in
from tests.polling import eventually
from tests.submissions import submission

UNPAID: Final = "overdue,pending"
LAST_MONTH: Final = str(Month.of(NOW.date()).plus(-1))


async def orders(product: Product, **filters: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    answer = await product.client.get(f"/api/v1/orders?{query}")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.document["data"]
    return found


async def an_order(product: Product, **filters: str) -> dict[str, Any]:
    return (await orders(product, **filters))[0]


async def a_webhook(product: Product) -> str:
    """Add one, to which nothing is ever sent; return its id."""
    body = {"url": "https://example.com/hooks/bugalou", "events": ["order.cancelled"], "description": "boekhouding"}
    return str((await product.client.post(body, "/api/v1/webhooks")).document["id"])


async def a_failure(product: Product) -> str:
    """Let something that Postgres refuses be set aside, as if a gateway had let it through; return its id."""
    bad = submission("INV-BROKEN", account=product.tenant.id, total="1e3x", currency="EUR")
    await Handler(Store(product.database), Failures(product.database)).settle([bad])
    return str((await product.client.get("/api/v1/failures")).document["data"][0]["id"])


async def pages(product: Product) -> list[str]:
    """Every page that can be looked at."""
    overdue, paid = await an_order(product, paymentStatus="overdue"), await an_order(product, paymentStatus="paid")
    path = f"/api/v1/orders/{PLATFORM}/{paid['orderNumber']}/notifications"
    message = (await product.client.get(path)).document["data"][0]["id"]
    webhook, failure = await a_webhook(product), await a_failure(product)
    return [
        "/dashboard",
        f"/dashboard?month={LAST_MONTH}",
        "/dashboard/invoices",
        f"/dashboard/invoices?paymentStatus={UNPAID}&month={LAST_MONTH}&q=a",
        "/dashboard/invoices?q=nothing-like-that",
        invoice_path(PLATFORM, overdue["orderNumber"]),
        invoice_path(PLATFORM, paid["orderNumber"]),
        "/dashboard/messages",
        "/dashboard/messages?group=failed",
        f"/dashboard/messages/{message}",
        "/dashboard/webhooks",
        f"/dashboard/webhooks/{webhook}",
        "/dashboard/failures",
        f"/dashboard/failures/{failure}",
        "/dashboard/settings",
        "/dashboard/settings/whatsapp",
        "/dashboard/settings/keys",
        "/dashboard/settings/suppressions",
        "/dashboard/nothing-here",
    ]


async def test_key_signs_in_and_signing_out_ends_it(browser: Browser, product: Product) -> None:
    async with looking(browser, product, expected=("403 (Forbidden)",)) as page:
        await page.goto("/")
        await expect(page).to_have_url(re.compile("/dashboard/sign-in"))
        await page.fill("#key", "bg_live_wrong")
        await page.get_by_role("button", name="Inloggen").click()
        await expect(page.get_by_role("alert")).to_contain_text("niet bekend")
        await sign_in(page, product.tenant.live.key)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Overzicht")
        cookies = await page.context.cookies()
        assert [cookie.get("httpOnly") for cookie in cookies] == [True]
        assert [cookie.get("sameSite") for cookie in cookies] == ["Lax"]
        await page.get_by_role("button", name="Uitloggen").click()
        await expect(page.get_by_role("status")).to_contain_text("uitgelogd")
        await page.goto("/dashboard/invoices")
        await expect(page).to_have_url(re.compile("/dashboard/sign-in"))


async def test_link_signs_in_by_a_button_and_once(browser: Browser, product: Product) -> None:
    link = await product.links.make(product.tenant.id, live=True)
    async with looking(browser, product, size=PHONE, language="en-GB", expected=("410 (Gone)",)) as page:
        await page.goto(link)
        await page.reload()
        await page.get_by_role("button", name="Sign in now").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        await page.context.clear_cookies()
        await page.goto(link)
        await expect(page.get_by_role("heading", level=1)).to_have_text("This link no longer works")


async def test_page_that_would_write_without_the_token_is_refused(browser: Browser, product: Product) -> None:
    async with looking(browser, product, key=product.tenant.live.key, expected=("403 (Forbidden)",)) as page:
        status = await page.evaluate(
            "async () => (await fetch('/dashboard/sign-out', {method: 'POST', body: new URLSearchParams({})})).status"
        )
        assert status == 403
        await page.goto("/dashboard/invoices")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Facturen")


async def test_last_months_unpaid_invoices_are_found_on_a_phone(browser: Browser, product: Product) -> None:
    wanted = await orders(product, paymentStatus=UNPAID, month=LAST_MONTH)
    async with looking(browser, product, key=product.tenant.live.key, size=PHONE) as page:
        await page.get_by_role("link", name="Vorige maand").click()
        await page.locator(".figure.open").first.click()
        await expect(page.get_by_role("list").locator(".chip.removable")).not_to_have_count(0)
        await expect(page.locator("tbody tr")).to_have_count(
            len([order for order in wanted if order["currency"] == "EUR" and order["orderStatus"] != "cancelled"])
        )
        await expect(page.locator("tbody tr").first).to_be_in_viewport(ratio=0.9)
        await page.locator("tbody tr a").first.click()
        await expect(page.get_by_text("Nog te ontvangen")).to_be_visible()
        await expect(page.get_by_role("heading", name="Tijdlijn")).to_be_visible()


async def test_reminder_is_sent_from_a_phone_and_appears_in_the_timeline(browser: Browser, product: Product) -> None:
    order = await an_order(product, paymentStatus="overdue", currency="EUR")
    async with looking(browser, product, key=product.tenant.live.key, size=PHONE) as page:
        await page.goto(invoice_path(PLATFORM, order["orderNumber"]))
        before = await page.locator("#past .notification").count()
        await page.get_by_role("button", name="Stuur nu een herinnering").click()
        await expect(page.get_by_role("status").first).to_contain_text("De herinnering gaat nu weg")
        await expect(page.locator("#past .notification")).to_have_count(before + 1)
        newest = page.locator("#past .notification").first
        await expect(newest).to_contain_text(re.compile("Herinnering .* E-mail"))
        await expect(newest.locator(".chip")).to_have_text("Verstuurd")
        assert order["customerEmail"] in product.mailbox.recipients
        await newest.get_by_role("link", name="Bericht bekijken").click()
        letter = page.frame_locator("iframe").locator("body")
        await expect(letter).to_contain_text(order["invoiceNumber"])
        await page.get_by_role("link", name="Terug naar de factuur").click()
        await page.get_by_role("button", name="Stuur nu een herinnering").click()
        await expect(page.get_by_role("alert").first).to_contain_text("vandaag al herinnerd")


async def test_reminders_are_paused_and_an_address_is_written_to_no_more(browser: Browser, product: Product) -> None:
    order = (await orders(product, paymentStatus="overdue", currency="EUR"))[-1]
    async with looking(browser, product, key=product.tenant.live.key) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        await page.goto(invoice_path(PLATFORM, order["orderNumber"]))
        for button, told in (
            ("Pauzeer herinneringen", "Herinneringen voor deze factuur zijn gepauzeerd."),
            ("Nooit meer schrijven", "Aan dit adres wordt niets gestuurd."),
        ):
            await page.get_by_role("button", name=button).click()
            await expect(page.locator("#invoice .notice.warn").last).to_have_text(told)
        assert await barriers(page) == []
        for button in ("Hervat herinneringen", "Weer schrijven"):
            await page.get_by_role("button", name=button).click()
        await expect(page.locator("#invoice .notice.warn")).to_have_count(0)


async def test_who_may_only_read_sees_no_buttons_that_write(browser: Browser, product: Product) -> None:
    order = await an_order(product, paymentStatus="overdue")
    async with looking(browser, product, key=product.reader) as page:
        await page.goto(invoice_path(PLATFORM, order["orderNumber"]))
        await expect(page.get_by_role("heading", name="Tijdlijn")).to_be_visible()
        await expect(page.locator("main button")).to_have_count(0)


async def test_posted_payment_changes_the_open_list_and_the_open_invoice(browser: Browser, product: Product) -> None:
    order = await an_order(product, paymentStatus="pending", currency="EUR")
    number = order["orderNumber"]
    async with looking(browser, product, key=product.tenant.live.key) as page:
        await page.goto(f"/dashboard/invoices?q={number}")
        row = page.locator(f"#row-{order['id']}")
        await expect(row).to_contain_text("Open")
        await page.evaluate("window.untouched = true")
        other = await page.context.new_page()
        await other.goto(invoice_path(PLATFORM, number))
        await expect(other.locator("#invoice")).to_contain_text("Nog te ontvangen")
        paid = {"platform": PLATFORM, "orderNumber": number, "orderStatus": "delivered", "paymentStatus": "paid"}
        assert (await product.client.post(paid)).status == 202
        await expect(row.locator(".chip")).to_have_text("Betaald")
        await expect(other.locator(".head .chip")).to_have_text("Betaald")
        await expect(other.locator("#past .submission").first).to_contain_text("Betaald")
        assert await page.evaluate("window.untouched") is True, "the page was loaded anew"


async def test_search_narrows_while_typing_and_chips_take_filters_away(browser: Browser, product: Product) -> None:
    async with looking(browser, product, key=product.tenant.live.key) as page:
        await page.goto("/dashboard/invoices")
        await page.get_by_label("Zoeken").fill("de groot")
        await expect(page.locator(".chip.removable")).to_have_text(re.compile("de groot"))
        await expect(page).to_have_url(re.compile("q=de\\+groot|q=de%20groot"))
        names = await page.locator("tbody .name").all_inner_texts()
        assert names
        assert set(names) == {"Architectenbureau De Groot"}
        await page.get_by_role("link", name="Filter weghalen").click()
        await expect(page.locator(".chip.removable")).to_have_count(0)


async def test_everything_is_there_in_both_languages(browser: Browser, product: Product) -> None:
    async with looking(browser, product, key=product.tenant.live.key, language="en-GB") as page:
        await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        await expect(page.locator(".figure .value").first).to_contain_text("€")
        await page.get_by_role("button", name="Nederlands").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Overzicht")
        assert await page.get_attribute("html", "lang") == "nl"
        amount = await page.locator(".figure .value").first.inner_text()
        assert re.search(r"€\u00a0[\d.]+,\d\d", amount), amount
        await page.goto("/dashboard/invoices")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Facturen")


async def test_keyboard_alone_signs_in_finds_an_invoice_and_opens_it(browser: Browser, product: Product) -> None:
    async with looking(browser, product) as page:
        await page.goto("/dashboard/sign-in")
        await expect(page.locator("#key")).to_be_focused()
        await page.keyboard.type(product.tenant.live.key)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/dashboard")
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Naar de inhoud")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        await _tab_to(page, "nav a[href='/dashboard/invoices']")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/dashboard/invoices")
        await _tab_to(page, "#q")
        await page.keyboard.type("Van Dam")
        await expect(page.locator(".chip.removable")).to_have_count(1)
        await _tab_to(page, "tbody a")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Bakkerij Van Dam")


async def _tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"not reached with the Tab key: {selector}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_no_page_holds_a_barrier(
    browser: Browser, product: Product, scheme: Literal["light", "dark"], size: tuple[int, int]
) -> None:
    language = "nl-NL" if size == PHONE else "en-GB"
    async with looking(
        browser, product, size=size, scheme=scheme, language=language, expected=("404 (Not Found)", "410 (Gone)")
    ) as page:
        for path in ("/dashboard/sign-in", "/dashboard/sign-in/link?token=used"):
            await page.goto(path)
            assert await barriers(page) == [], path
        await sign_in(page, product.tenant.live.key)
        for path in await pages(product):
            await page.goto(path)
            for details in await page.locator("main details").all():
                await details.evaluate("(each) => each.open = true")
            assert await barriers(page) == [], path
            assert await overflow(page) <= 0, path
        if size == PHONE:
            await page.goto("/dashboard")
            await page.locator("nav summary").click()
            await expect(page.locator(".sheet")).to_be_visible()
            assert await barriers(page) == []
            await page.keyboard.press("Escape")
            await expect(page.locator(".sheet")).not_to_be_visible()


async def test_nothing_is_cut_off_on_the_smallest_phone(browser: Browser, product: Product) -> None:
    async with looking(
        browser, product, key=product.tenant.live.key, size=SMALLEST, expected=("404 (Not Found)",)
    ) as page:
        cut = "(names) => names.filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.innerText)"
        for path in await pages(product):
            await page.goto(path)
            assert await overflow(page) <= 0, path
            assert await page.locator("main .name").evaluate_all(cut) == [], path


async def test_account_without_invoices_is_told_how_to_begin(browser: Browser, product: Product) -> None:
    async with looking(browser, product, key=product.newcomer.live.key, size=PHONE) as page:
        for path in ("/dashboard", "/dashboard/invoices"):
            await page.goto(path)
            await expect(page.get_by_role("heading", name="Nog geen facturen")).to_be_visible()
            assert await barriers(page) == []


async def test_test_data_is_marked_and_left_again(browser: Browser, product: Product) -> None:
    async with looking(browser, product, key=product.tenant.live.key) as page:
        await page.get_by_role("button", name="Naar testgegevens").click()
        banner = page.get_by_role("complementary", name="Test")
        await expect(banner).to_contain_text("testgegevens")
        assert await barriers(page) == []
        await page.get_by_role("button", name="Naar echte gegevens").first.click()
        await expect(banner).to_have_count(0)


async def test_outage_is_told_and_the_page_goes_on_by_itself(browser: Browser, product: Product) -> None:
    async with looking(browser, product, key=product.tenant.live.key, expected=("net::ERR_FAILED",)) as page:
        await page.goto("/dashboard/invoices")
        await page.route("**/dashboard/invoices/rows*", lambda route: route.abort())
        await expect(page.locator("#unreachable")).to_be_visible()
        await page.unroute("**/dashboard/invoices/rows*")
        await expect(page.locator("#unreachable")).not_to_be_visible(timeout=30_000)


async def test_hostile_text_runs_nothing(browser: Browser, product: Product) -> None:
    hostile = "<img src=x onerror=window.hit=1><script>window.hit=1</script>\"'>"
    number = f"../%2F?#/{hostile}{{x}}"[:128]
    body = {
        "platform": "custom",
        "orderNumber": number,
        "orderStatus": "processing",
        "customerName": hostile + "\u202e",
        "invoiceUrl": "https://example.com/?q=&quot;onclick='",
        "items": [{"name": hostile, "price": "1"}],
        "metadata": {"<b>": hostile},
    }
    assert (await product.client.post(body)).status == 202
    await eventually(lambda: _is_stored(product, number), what="the order is stored")
    async with looking(browser, product, key=product.tenant.live.key) as page:
        await page.goto("/dashboard/invoices?q=onerror")
        await page.locator("tbody a").first.click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("<script>")
        await page.locator("#raw summary").click()
        assert await page.evaluate("window.hit") is None


async def _is_stored(product: Product, number: str) -> bool:
    return any(order["orderNumber"] == number for order in await orders(product, q="onerror"))
