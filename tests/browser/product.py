"""What the browser tests know of the product, and a page that notes whatever a user would call broken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct
from playwright.async_api import Browser, Page

from services.console.dashboard.sign_in_links import SignInLinks
from shared.database import Database
from tests.gateways import Client
from tests.notifier_world import Mailbox
from tests.tenant import Tenant

NOW: Final = datetime.now(UTC)
"""The demo data's year ends with the run, as a user's does."""
PHONE: Final = (390, 844)
DESK: Final = (1280, 860)
SMALLEST: Final = (320, 640)
_AXE: Final = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN: Final = """async (rules) => {
    const found = await axe.run(document, { runOnly: { type: "tag", values: rules }, iframes: false });
    const places = (each) => each.nodes.slice(0, 3).map((node) => node.html);
    return found.violations.map((each) => `${each.id} (${each.impact}): ${places(each)}`);
}"""


class Product(Struct, frozen=True):
    """The product that runs, and who uses it."""

    client: Client
    database: Database
    links: SignInLinks
    tenant: Tenant
    newcomer: Tenant
    reader: str
    mailbox: Mailbox

    @property
    def origin(self) -> str:
        return str(self.client.url).rstrip("/")


@asynccontextmanager
async def looking(
    browser: Browser,
    product: Product,
    *,
    key: str | None = None,
    size: tuple[int, int] = DESK,
    language: str = "nl-NL",
    scheme: Literal["light", "dark"] = "light",
    expected: tuple[str, ...] = (),
) -> AsyncIterator[Page]:
    """Give a page, signed in with a key if any; in the end nothing may have gone wrong in it, but what is `expected`.

    Wrong is: an error or a warning in the console (violations of the policy are there too), an exception, a request
    that found no answer.
    """
    wrong: list[str] = []
    width, height = size
    context = await browser.new_context(
        base_url=product.origin,
        viewport={"width": width, "height": height},
        locale=language,
        timezone_id="Europe/Amsterdam",
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    context.set_default_timeout(20_000)
    page = await context.new_page()
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    try:
        if key is not None:
            await sign_in(page, key)
        yield page
    finally:
        await context.close()
    unexpected = [text for text in wrong if not any(each in text for each in expected)]
    assert unexpected == [], unexpected


async def sign_in(page: Page, key: str) -> None:
    """Sign in as people do."""
    await page.goto("/dashboard/sign-in")
    await page.fill("#key", key)
    await page.press("#key", "Enter")
    await page.wait_for_url("**/dashboard")


async def barriers(page: Page) -> list[str]:
    """Return what axe-core finds to keep people from using the page."""
    await page.evaluate(_AXE.read_text())
    found: Any = await page.evaluate(_RUN, _RULES)
    return list(found)


async def overflow(page: Page) -> int:
    """Return how many pixels the page is wider than the window."""
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
