"""What an operator does in the dashboard, in a real browser: on a phone in Dutch, at a desk in English and the dark."""

import re
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any, Final, Literal

import msgspec
import pytest
from msgspec import Struct
from playwright.async_api import Browser, Locator, Page, expect

from services.console.accounts import Accounts
from services.console.dashboard.wording import LANGUAGES, Phrases
from services.worker.failures import Failures
from services.worker.handler import Handler
from services.worker.store import Store
from shared.keys import SCOPES
from tests.browser.product import DESK, PHONE, Product, barriers, looking, overflow
from tests.consoles import known
from tests.notifier_world import AWAKE
from tests.polling import eventually
from tests.qr_codes import read_code
from tests.submissions import submission
from tests.tenant import Tenant
from tests.webhook_world import Endpoint, listening_endpoint

IBAN: Final = "NL91ABNA0417164300"
WRONG_IBAN: Final = "NL92 ABNA 0417 1643 00"
# Forms that are refused; and what a page had asked for when it was left, which htmx tells in two lines.
_EXPECTED: Final = ("422 (Unprocessable", "htmx:sendAbort", "htmx:afterRequest")
TOKEN: Final = "EAAG-the-token-of-a-system-user"


class Operator(Struct, frozen=True):
    """Somebody who is signed in, with an account of their own."""

    page: Page
    words: Phrases
    product: Product
    tenant: Tenant

    async def ask(self, method: str, path: str, body: Any) -> Any:
        headers = {"X-API-Key": self.tenant.live.key, "Content-Type": "application/json"}
        answer = await self.product.client.ask(method, path, msgspec.json.encode(body), headers)
        assert answer.status in (200, 202), answer.body
        return answer.document

    async def order(self, number: str, **fields: Any) -> None:
        """Post an order."""
        usual = {"platform": "custom", "orderNumber": number, "orderStatus": "processing", "customerName": "Van Dam"}
        await self.ask("POST", "/api/v1/orders", {**usual, **fields})

    async def fail(self, number: str) -> None:
        """Let something that Postgres refuses be set aside, as if a gateway had let it through."""
        bad = submission(number, account=self.tenant.id, total="1e3x", currency="EUR")
        await Handler(Store(self.product.database), Failures(self.product.database)).settle([bad])

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    async def is_told(self, words: str) -> None:
        """Wait for a notice."""
        await expect(self.page.locator("main .notice.good").filter(has_text=words)).to_be_visible()

    async def is_faulted(self, field: str, words: str) -> None:
        """Look whether a field says what is wrong with it, to those who see it and to those who hear it."""
        faulted = self.page.locator(field)
        await expect(faulted).to_have_attribute("aria-invalid", "true")
        await expect(faulted).to_have_accessible_description(re.compile(re.escape(words)))
        await expect(self.page.get_by_text(words).last).to_be_visible()


@pytest.fixture(
    scope="module",
    params=[("nl", "nl-NL", PHONE, "light"), ("en", "en-GB", DESK, "dark")],
    ids=["phone-nl", "desk-en"],
)
async def signed_in(request: pytest.FixtureRequest, browser: Browser, product: Product) -> AsyncIterator[Operator]:
    language, locale, size, scheme = request.param
    tenant = Tenant(*await Accounts(product.database).create(f"Praktijk {language}", SCOPES))
    await known(product.client, tenant.live.key)
    chosen: Literal["light", "dark"] = scheme
    async with looking(
        browser, product, key=tenant.live.key, size=size, language=locale, scheme=chosen, expected=_EXPECTED
    ) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        yield Operator(page, LANGUAGES[language], product, tenant)


@pytest.fixture
async def operator(signed_in: Operator) -> AsyncIterator[Operator]:
    yield signed_in
    assert await barriers(signed_in.page) == []
    assert await overflow(signed_in.page) <= 0


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening_endpoint() as listening:
        yield listening


async def test_webhook_is_added_tried_replayed_rotated_and_deleted(operator: Operator, endpoint: Endpoint) -> None:
    page, words = operator.page, operator.words.webhooks
    await page.goto("/dashboard/webhooks")
    await page.get_by_label(words.every_event).uncheck()
    await page.fill("#url", "example.com/hook")
    await page.press("#url", "Enter")
    await operator.is_faulted("#url", words.faults["/url"])
    await operator.is_faulted("input[name='event *']", words.faults["/events"])
    await expect(page.locator("#url")).to_be_focused()
    await expect(page.locator("#url")).to_have_value("example.com/hook")
    assert await barriers(page) == []

    await page.fill("#url", endpoint.url)
    await page.get_by_label("payment.paid").check()
    await operator.button(words.create).click()
    secret = await page.locator("#secret").inner_text()
    assert secret.startswith("whsec_")
    endpoint.secrets.append(secret)
    assert await barriers(page) == []
    await page.get_by_role("link", name=words.back).click()
    await page.get_by_role("link", name=endpoint.url).click()
    await expect(page.get_by_text(words.attempts_none)).to_be_visible()
    assert secret not in await page.content(), "shown once"

    await page.evaluate("window.untouched = true")
    paid = {"total": "10.00", "amountPaid": "10.00", "currency": "EUR", "paymentStatus": "paid"}
    await operator.order("INV-HOOK", **paid)
    attempts = page.locator("#tries li")
    await expect(attempts).to_have_count(1)
    await expect(attempts.locator(".chip")).to_have_text(words.outcomes["delivered"])
    assert await page.evaluate("window.untouched") is True, "the page was loaded anew"
    await attempts.locator("summary").click()
    await expect(attempts).to_contain_text(endpoint.got()[0])
    await expect(attempts.get_by_role("region", name=words.response)).to_have_text("taken")
    await attempts.get_by_role("button", name=words.again).click()
    await operator.is_told(words.replayed_one)
    await expect(attempts).to_have_count(2)
    assert len(endpoint.got()) == 2
    assert len(set(endpoint.got())) == 1, "the same event"

    await page.fill("#from", "2026-11-02T00:00")
    await page.fill("#to", "2026-11-01T00:00")
    await page.press("#to", "Enter")
    await operator.is_faulted("#to", words.faults["/to"])
    await expect(page.locator("#from")).to_have_value("2026-11-02T00:00")

    await operator.button(words.rotate).click()
    await expect(page.locator("#secret")).to_contain_text("whsec_")
    assert await page.locator("#secret").inner_text() != secret
    await operator.button(words.disable).click()
    await expect(page.locator(".head .chip")).to_have_text(words.states["disabled"])
    await operator.button(words.delete).click()
    await operator.is_told(words.deleted)
    await expect(page.get_by_text(words.empty_title)).to_be_visible()


async def test_failures_are_found_by_cause_mended_replayed_and_discarded(operator: Operator) -> None:
    page, words = operator.page, operator.words.failures
    for number in ("INV-MENDED", "INV-DISCARDED"):
        await operator.fail(number)
    await page.goto("/dashboard/failures")
    cause = page.get_by_role("link", name=re.compile(words.refused)).first
    await expect(cause).to_contain_text(words.times.format(count=2))
    await cause.click()
    await expect(page.locator(".chip.removable")).to_contain_text(words.refused)
    await page.get_by_role("link", name="INV-MENDED").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(words.refused)

    body = page.get_by_label(words.body, exact=True).and_(page.locator("textarea"))
    broken = await body.input_value()
    await body.fill(broken.replace('"processing"', '"nope"'))
    await operator.button(words.replay).click()
    await operator.is_faulted("#edited", words.wrong)
    await expect(page.locator("#edited-error code")).to_have_text(["/orderStatus", "/total"])
    await expect(body).to_have_value(re.compile("nope"))
    await expect(body).to_be_focused()
    assert await barriers(page) == []

    await body.fill(broken.replace("1e3x", "1000.00"))
    await operator.button(words.replay).click()
    await expect(page.locator(".head .chip")).to_have_text(words.states["replayed"])
    await expect(page.locator("textarea")).to_have_count(0)
    await expect(page.locator(".facts")).to_contain_text(words.was_mended)
    assert await barriers(page) == []
    await page.get_by_role("link", name="INV-MENDED").click()
    await expect(page.locator(".amounts")).to_contain_text(re.compile(r"1[.,]000[.,]00"))

    await page.goto("/dashboard/failures")
    await page.get_by_role("link", name="INV-DISCARDED").click()
    await operator.button(words.discard).click()
    await operator.is_told(words.discarded)
    await expect(page.get_by_text(words.empty_title)).to_be_visible()
    await page.get_by_role("link", name=words.states["replayed"]).click()
    await expect(page.get_by_role("link", name="INV-MENDED")).to_be_visible()


async def test_settings_are_previewed_while_typing_checked_and_kept(operator: Operator) -> None:
    page, words = operator.page, operator.words.settings
    await page.goto("/dashboard/settings")
    await page.evaluate("window.untouched = true")
    dates, letters = page.locator("#preview time"), page.locator("#preview .letter")
    await expect(dates).to_have_count(3)
    await page.fill("#exampleDue", "2026-12-10")
    await expect(dates.first).to_have_attribute("datetime", re.compile("^2026-12-10"))
    await page.fill("#ladder", "-3, 0, 10, 20")
    await expect(dates).to_have_count(4)
    await expect(dates.nth(2)).to_have_text(re.compile("21 .* 08:00"))
    await page.fill("#quietFrom", "10:30")
    await expect(dates.nth(2)).to_have_text(re.compile("21 .* 10:30"))
    await page.locator("#preview summary").first.click()
    await page.fill("#senderName", "Bakkerij Bruin")
    await expect(letters.first).to_contain_text("Bakkerij Bruin")
    await expect(letters.first).to_be_visible()
    await page.fill("#ladder", "10, x")
    await expect(page.locator("#preview")).to_have_text(words.preview_wrong)
    await page.fill("#ladder", "-3, 0, 10")
    await expect(dates).to_have_count(3)
    assert await page.evaluate("window.untouched") is True, "the page was loaded anew"

    await page.fill("#iban", WRONG_IBAN)
    await page.get_by_label(words.quiet_sundays).uncheck()
    await operator.button(words.save).click()
    await operator.is_faulted("#iban", words.faults["/iban"])
    await expect(page.locator("#iban")).to_be_focused()
    await expect(page.locator("#iban")).to_be_in_viewport()
    for field, typed in (("#iban", WRONG_IBAN), ("#senderName", "Bakkerij Bruin"), ("#ladder", "-3, 0, 10")):
        await expect(page.locator(field)).to_have_value(typed)
    await expect(page.get_by_label(words.quiet_sundays)).not_to_be_checked()
    assert await barriers(page) == []

    await page.fill("#iban", IBAN)
    await page.get_by_label(words.whatsapp).check()
    await page.press("#iban", "Enter")
    await operator.is_told(words.saved)
    await page.reload()
    await expect(page.locator(".notice.good")).to_have_count(0)
    for field, kept in (("#iban", IBAN), ("#ladder", "-3, 0, 10"), ("#quietFrom", "10:30")):
        await expect(page.locator(field)).to_have_value(kept)
    await expect(page.get_by_label(words.whatsapp)).to_be_checked()


async def test_key_is_shown_once_and_revoked(operator: Operator) -> None:
    page, words = operator.page, operator.words.keys
    await page.goto("/dashboard/settings/keys")
    await expect(page.get_by_text(words.own)).to_have_count(1)
    for scope in ("orders:write", "orders:read"):
        await page.get_by_label(words.scope_names[scope]).uncheck()
    await page.fill("#platforms", "exact")
    await operator.button(words.create).click()
    await operator.is_faulted("#name", words.faults["/name"])
    await operator.is_faulted("input[name='orders:read']", words.faults["/scopes"])
    await expect(page.locator("#platforms")).to_have_value("exact")
    await page.fill("#name", "Koppeling")
    await page.get_by_label(words.scope_names["orders:read"]).check()
    await operator.button(words.create).click()
    key = await page.locator("#secret").inner_text()
    assert key.startswith("bg_live_")
    assert await barriers(page) == []
    await page.goto("/dashboard/settings/keys")
    assert key not in await page.content(), "shown once"
    await page.get_by_role("button", name=f"{words.revoke} Koppeling").click()
    await operator.is_told(words.revoked)
    row = page.get_by_role("listitem").filter(has_text="Koppeling")
    await expect(row.locator(".chip.red")).to_have_text(words.states["revoked"])
    await expect(row.get_by_role("button")).to_have_count(0)


async def test_message_is_found_and_shown_as_it_left_with_its_code(operator: Operator) -> None:
    page, words = operator.page, operator.words.notifications
    await operator.ask("PUT", "/api/v1/settings", {**AWAKE, "iban": IBAN, "senderName": "Bakkerij Bruin"})
    open_order = {"total": "25.00", "currency": "EUR", "paymentStatus": "overdue", "customerEmail": "a@vandam.example"}
    await operator.order("INV-LETTER", **open_order)
    await page.goto("/dashboard/messages")
    await page.get_by_role("link", name=words.groups["sent"], exact=True).click()
    found = page.get_by_role("link", name=re.compile("Van Dam"))

    async def is_listed() -> bool:
        await page.reload()
        return await found.count() == 1

    await eventually(is_listed, what="the message is listed as sent")
    assert await barriers(page) == []
    await found.click()
    letter = page.frame_locator("iframe").locator("body")
    await expect(letter).to_contain_text("INV-LETTER")
    code = letter.get_by_role("img")
    assert await code.evaluate("(image) => image.complete && image.naturalWidth") > 100, "the code is shown"
    png = b64decode((await code.get_attribute("src") or "").partition("base64,")[2])
    assert read_code(png).text.split("\n")[5:8] == ["Bakkerij Bruin", IBAN, "EUR25"]
    await page.goto("/dashboard/messages?group=failed")
    await expect(page.get_by_text(words.empty_title)).to_be_visible()


async def test_address_is_suppressed_and_lifted_by_the_keyboard_alone(operator: Operator) -> None:
    page, words = operator.page, operator.words.notifications
    await page.goto("/dashboard/settings/suppressions")
    await page.locator("#address").focus()
    await page.keyboard.type("nobody@")
    await page.keyboard.press("Enter")
    await operator.is_faulted("#address", words.fault)
    await expect(page.locator("#address")).to_be_focused()
    await expect(page.locator("#address")).to_have_value("nobody@")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("Klant@Bedrijf.nl")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await operator.is_told(words.added)
    lift = page.get_by_role("button", name=f"{words.allow} klant@bedrijf.nl")
    await lift.focus()
    await page.keyboard.press("Space")
    await operator.is_told(words.removed)
    await expect(lift).to_have_count(0)


async def test_access_to_whatsapp_is_set_shown_never_again_and_deleted(operator: Operator) -> None:
    page, words = operator.page, operator.words.whatsapp
    await page.goto("/dashboard/settings")
    await page.get_by_role("link", name=words.title, exact=True).click()
    await page.fill("#phoneNumberId", "12 34")
    await page.press("#phoneNumberId", "Enter")
    await operator.is_faulted("#phoneNumberId", words.faults["/phoneNumberId"])
    await expect(page.locator("#phoneNumberId")).to_have_value("12 34")
    await page.fill("#phoneNumberId", "106540352242922")
    await operator.button(words.save).click()
    await operator.is_faulted("#token", words.token_needed)
    assert await barriers(page) == []
    await page.fill("#token", TOKEN)
    await page.fill("#verifyToken", "een-woord-naar-keuze")
    await operator.button(words.save).click()
    await operator.is_told(words.saved)
    await expect(page.locator(".card .chip").first).to_have_text(words.is_set)
    await expect(page.locator("#token")).to_have_accessible_description(words.kept)
    await expect(page.locator("#appSecret")).to_have_accessible_description(words.app_secret_hint)
    await expect(page.locator("#callback")).to_have_text(re.compile(f"/hooks/whatsapp/{operator.tenant.id}$"))
    assert TOKEN not in await page.content(), "never shown again"
    await operator.button(words.forget).click()
    await operator.is_told(words.forgotten)
    await expect(page.locator(".card .chip").first).to_have_text(words.is_not_set)
