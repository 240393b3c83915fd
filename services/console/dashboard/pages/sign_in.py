"""Signing in, with an API key or a one-time link; signing out; the language, and which world is shown."""

import math
from typing import Any

from aiohttp import web

from services.console.dashboard import cookies
from services.console.dashboard.sessions import Sessions
from services.console.dashboard.sign_in_links import PATH, SignInLinks
from services.console.dashboard.site import PageRoute, Site
from services.console.dashboard.visit import HOME, SIGN_IN, Visit, local_path, see_other
from services.console.dashboard.wording import LANGUAGES
from shared.http.authentication import WRONG_KEYS, FindsKeys
from shared.http.clients import client_address


class SignInPages:
    """Opens and ends sessions."""

    def __init__(self, site: Site, keys: FindsKeys, sessions: Sessions, links: SignInLinks) -> None:
        self._site = site
        self._keys = keys
        self._sessions = sessions
        self._links = links

    async def form(self, visit: Visit) -> web.StreamResponse:
        """Show the form for a key."""
        onward = local_path(visit.request.query.get("next"))
        if visit.session is not None:
            return see_other(onward)
        notice = visit.phrases.sign_in.signed_out if "out" in visit.request.query else None
        return self._show(visit, onward, notice=notice)

    async def sign_in(self, visit: Visit) -> web.StreamResponse:
        """Sign in with a key."""
        words, onward = visit.phrases.sign_in, local_path(visit.form.get("next"))
        if not self._keys.is_loaded:
            return self._show(visit, onward, error=words.loading, status=503)
        key = self._keys.find(visit.form.get("key", "").strip())
        if key is None:
            return self._wrong(visit, onward)
        if not key.is_usable(self._keys.now()):
            return self._show(visit, onward, error=words.unusable, status=403)
        if not key.allows("orders:read"):
            return self._show(visit, onward, error=words.lacks_reading, status=403)
        return await self._enter(visit, await self._sessions.open_by_key(key), onward)

    async def confirm(self, visit: Visit) -> web.StreamResponse:
        """Ask whoever follows a link to press a button: what only previews a link must not use it up."""
        token = visit.request.query.get("token", "")
        is_good = await self._links.is_good(token)
        return self._page(visit, "link.html", token=token, is_good=is_good, status=200 if is_good else 410)

    async def redeem(self, visit: Visit) -> web.StreamResponse:
        """Use a link up and sign in."""
        token = await self._links.redeem(visit.form.get("token", ""), self._sessions)
        if token is None:
            return self._page(visit, "link.html", token="", is_good=False, status=410)
        return await self._enter(visit, token, HOME)

    async def sign_out(self, visit: Visit) -> web.StreamResponse:
        """End the session."""
        await self._sessions.end(visit.signed_in.token)
        response = see_other(f"{SIGN_IN}?out")
        cookies.forget_session(visit.request, response)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    async def choose_language(self, visit: Visit) -> web.StreamResponse:
        """Remember a language."""
        response = see_other(local_path(visit.form.get("next")))
        if visit.form.get("language") in LANGUAGES:
            cookies.choose_language(visit.request, response, visit.form["language"])
        return response

    async def show_world(self, visit: Visit) -> web.StreamResponse:
        """Show live or test data."""
        await self._sessions.show(visit.signed_in, live=visit.form.get("world") == "live")
        return see_other(HOME)

    async def _enter(self, visit: Visit, token: str, onward: str) -> web.StreamResponse:
        if visit.session is not None:
            await self._sessions.end(visit.session.token)
        response = see_other(onward)
        cookies.set_session(visit.request, response, token, self._sessions.most_seconds)
        return response

    def _wrong(self, visit: Visit, onward: str) -> web.Response:
        """Say that a key is wrong; guesses count together with the API's, and a right key is never held up by them."""
        words = visit.phrases.sign_in
        seconds = visit.request.app[WRONG_KEYS].count(client_address(visit.request))
        if seconds is None:
            return self._show(visit, onward, error=words.wrong, status=403)
        error = words.too_many.format(minutes=math.ceil(seconds / 60))
        response = self._show(visit, onward, error=error, status=429)
        response.headers["Retry-After"] = str(seconds)
        return response

    def _show(self, visit: Visit, onward: str, *, status: int = 200, **more: Any) -> web.Response:
        return self._page(
            visit, "sign_in.html", status=status, onward=onward, **{"error": None, "notice": None, **more}
        )

    def _page(self, visit: Visit, template: str, *, status: int, **more: Any) -> web.Response:
        return self._site.render(visit, template, status=status, words=visit.phrases.sign_in, link_path=PATH, **more)

    PAGES = (
        PageRoute(method="GET", path=SIGN_IN, handler=form, is_public=True),
        PageRoute(method="POST", path=SIGN_IN, handler=sign_in, is_public=True),
        PageRoute(method="GET", path=PATH, handler=confirm, is_public=True),
        PageRoute(method="POST", path=PATH, handler=redeem, is_public=True),
        PageRoute(method="POST", path=f"{HOME}/sign-out", handler=sign_out),
        PageRoute(method="POST", path=f"{HOME}/language", handler=choose_language, is_public=True),
        PageRoute(method="POST", path=f"{HOME}/world", handler=show_world),
    )
