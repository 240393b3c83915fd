"""A browser's part of the dashboard, without a browser: cookies kept, redirects not followed, forms read from pages."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html import unescape
from typing import Any, Final

import aiohttp
from msgspec import Struct
from multidict import CIMultiDict
from yarl import URL

_CSRF: Final = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Seen(Struct, frozen=True):
    """What came back."""

    status: int
    headers: CIMultiDict[str]
    text: str

    @property
    def location(self) -> str:
        return self.headers["Location"]

    @property
    def words(self) -> str:
        """The text as a reader sees it, roughly: tags and entities gone."""
        return unescape(re.sub(r"<[^>]*>", " ", self.text))

    def csrf(self) -> str:
        """The token that the page's forms carry."""
        match = _CSRF.search(self.text)
        assert match is not None, self.text[:2000]
        return match[1]


class Visitor:
    """Somebody with a browser at one origin."""

    def __init__(self, session: aiohttp.ClientSession, origin: str) -> None:
        self._session = session
        self.origin = origin

    async def get(self, path: str, **headers: str) -> Seen:
        """Open an address, taken as already encoded."""
        return await self._ask("GET", path, headers=_named(headers))

    async def post(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        origin: str | None = "",
        headers: Mapping[str, str] | None = None,
        **fields: str,
    ) -> Seen:
        """Send a form; with the origin of this site unless another, or None, is given."""
        headers = {**({} if origin is None else {"Origin": origin or self.origin}), **(headers or {})}
        return await self._ask("POST", path, data={**(form or {}), **fields}, headers=headers)

    async def send(self, path: str, body: AsyncIterator[bytes]) -> Seen:
        """Send a form as its body comes, without a word of its length."""
        headers = {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", path, data=body, headers=headers)

    async def sign_in(self, key: str) -> Seen:
        """Sign in with a key."""
        return await self.post("/dashboard/sign-in", key=key)

    async def _ask(self, method: str, path: str, **more: Any) -> Seen:
        target = URL(f"{self.origin}{path}", encoded=True)
        async with self._session.request(method, target, allow_redirects=False, **more) as response:
            return Seen(response.status, CIMultiDict(response.headers), await response.text())


@asynccontextmanager
async def visitor_of(origin: URL | str) -> AsyncIterator[Visitor]:
    """Give somebody who has not been here before."""
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=60)
    ) as session:
        yield Visitor(session, str(origin).rstrip("/"))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
