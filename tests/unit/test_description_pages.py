"""The files that a browser gets: their types, their copies, and nothing from elsewhere."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from services.console import app as console
from services.console.handlers.descriptions import DescriptionsHandler
from shared.http.routes import add_routes
from shared.http.server import make_application
from tests.settings import web_settings

STATIC = Path(console.__file__).parent / "static"
Pages = TestClient[web.Request, web.Application]


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """A client of the descriptions alone."""
    application = make_application(web_settings())
    add_routes(application, DescriptionsHandler())
    async with TestClient(TestServer(application), auto_decompress=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
async def test_a_copy_that_is_still_right_is_not_sent_again(pages: Pages, path: str) -> None:
    first = await pages.get(path)
    assert (first.status, first.headers["Content-Type"]) == (200, "application/json")
    assert first.headers["Cache-Control"] == "no-cache"
    again = await pages.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    other = await pages.get(path, headers={"If-None-Match": 'W/"other"'})
    assert other.status == 200


async def test_files_are_compressed_for_those_who_take_that(pages: Pages) -> None:
    packed = await pages.get("/openapi.json", headers={"Accept-Encoding": "gzip, br"})
    plain = await pages.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    refused = await pages.get("/openapi.json", headers={"Accept-Encoding": "gzip;q=0"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert {answer.headers["Vary"] for answer in (packed, plain)} == {"Accept-Encoding"}
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in refused.headers
    assert len(await packed.read()) < len(await plain.read()) / 5


async def test_the_page_may_load_from_its_own_origin_alone_and_run_no_inline_script(pages: Pages) -> None:
    page = await pages.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    text = (STATIC / "docs.html").read_text()
    assert all(not script for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL))
    assert "style=" not in text
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert address == "data:," or (await pages.get(address)).status == 200, address


async def test_files_with_their_version_in_their_address_are_kept(pages: Pages) -> None:
    script = await pages.get("/docs/swagger-ui-5.35.0.js")
    style = await pages.get("/docs/swagger-ui-5.35.0.css")
    own = await pages.get("/docs/docs.js")
    assert "immutable" in script.headers["Cache-Control"]
    assert own.headers["Cache-Control"] == "no-cache"
    assert script.headers["Content-Type"] == own.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert {file.headers["X-Content-Type-Options"] for file in (script, style, own)} == {"nosniff"}
    # What is kept for ever is what its address says.
    assert "5.35.0" in (STATIC / "vendor/swagger-ui/swagger-ui-bundle.js").read_text()


@pytest.mark.parametrize("path", ["/docs/other.js", "/docs/..%2Fopenapi.json", "/docs/", "/docs/LICENSE"])
async def test_other_files_are_not_there(pages: Pages, path: str) -> None:
    answer = await pages.get(URL(path, encoded=True))
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
