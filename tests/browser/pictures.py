"""Takes the README's pictures of the dashboard, of the demo data: `make pictures`."""

from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.async_api import Browser

from services.cli.demo.year import PLATFORM
from services.console.dashboard.rendering import invoice_path
from tests.browser.product import DESK, PHONE, Product, looking

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "pictures"


@pytest.mark.parametrize(
    ("name", "path", "size", "scheme", "language"),
    [
        ("overview-desk", "/dashboard", DESK, "light", "en-GB"),
        ("invoices-desk", "/dashboard/invoices", DESK, "dark", "en-GB"),
        ("overview-phone", "/dashboard", PHONE, "light", "nl-NL"),
        ("invoices-phone", "/dashboard/invoices?paymentStatus=overdue,pending", PHONE, "light", "nl-NL"),
        ("invoice-phone", "invoice", PHONE, "dark", "nl-NL"),
    ],
)
async def test_picture(
    browser: Browser,
    product: Product,
    name: str,
    path: str,
    size: tuple[int, int],
    scheme: Literal["light", "dark"],
    language: str,
) -> None:
    if path == "invoice":
        answer = await product.client.get("/api/v1/orders?paymentStatus=overdue&currency=EUR&sort=dueDate")
        path = invoice_path(PLATFORM, answer.document["data"][0]["orderNumber"])
    async with looking(
        browser, product, key=product.tenant.live.key, size=size, scheme=scheme, language=language
    ) as page:
        await page.goto(path)
        await page.evaluate("document.fonts.ready")
        await page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide")
