"""An account's API keys: made, replaced and revoked; each is shown once, in the answer to the form that made it."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any, Final

import msgspec
from aiohttp import web

from services.console import keys as stored_keys
from services.console.accounts import NewKey
from services.console.dashboard.pages.settings import SETTINGS
from services.console.dashboard.site import PageRoute, Site
from services.console.dashboard.visit import Visit, fields_at_fault, see_other
from services.console.key_body import USUAL_OVERLAP_SECONDS, read_key
from services.console.keys import KeysStore
from services.console.orders import Shown
from services.console.paging import read_paging
from services.console.parameters import Parameters
from shared.errors import InvalidInput
from shared.keys import SCOPES

KEYS: Final = f"{SETTINGS}/keys"
_BETWEEN: Final = re.compile(r"\s*,\s*")
_FAR: Final = "not-a-day"


class KeysPage:
    """Manages keys, with the same store as the API."""

    def __init__(self, site: Site, keys: KeysStore) -> None:
        self._site = site
        self._keys = keys

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show a page of keys, the newest first."""
        return await self._show(visit)

    async def create(self, visit: Visit) -> web.StreamResponse:
        """Make a key and show it, or show the form again with what is wrong in it."""
        try:
            draft = read_key(_body_of(visit), time.time_ns() // 1000)
        except InvalidInput as error:
            return await self._show(visit, fields=visit.form, wrong=fields_at_fault(error), status=422)
        return await self._show(visit, new=await self._keys.create(visit.key, draft), status=201)

    async def rotate(self, visit: Visit) -> web.StreamResponse:
        """Make a key in the place of another, and show it."""
        overlap = timedelta(seconds=USUAL_OVERLAP_SECONDS)
        return await self._show(visit, new=await self._keys.rotate(visit.key, visit.id, overlap))

    async def revoke(self, visit: Visit) -> web.StreamResponse:
        """Revoke a key for good."""
        await self._keys.revoke(visit.key, visit.id)
        return see_other(f"{KEYS}?notice=revoked")

    async def _show(
        self,
        visit: Visit,
        *,
        new: NewKey | None = None,
        fields: Mapping[str, str] | None = None,
        wrong: frozenset[str] = frozenset(),
        status: int = 200,
    ) -> web.StreamResponse:
        parameters = Parameters(visit.query)
        paging = read_paging(parameters, ("keys", visit.key.account, visit.key.live), stored_keys.PLACE)
        parameters.finish()
        found, next_cursor = await self._keys.page(visit.key, paging)
        now = datetime.now(UTC)
        response: web.StreamResponse = self._site.render(
            visit,
            "keys.html",
            status=status,
            words=visit.phrases.keys,
            settings_words=visit.phrases.settings,
            keys=[{**key, "state": _state(key, now), "is_own": key["id"] == str(visit.key.id)} for key in found],
            next_cursor=next_cursor,
            new=new,
            fields=fields or {},
            wrong=wrong,
            scopes=[scope for scope in SCOPES if visit.signed_in.can(scope)],
            was_revoked=visit.request.query.get("notice") == "revoked",
        )
        return response

    PAGES = (
        PageRoute(method="GET", path=KEYS, handler=page, scope="admin"),
        PageRoute(method="POST", path=KEYS, handler=create, scope="admin"),
        PageRoute(method="POST", path=f"{KEYS}/{{id}}/rotate", handler=rotate, scope="admin"),
        PageRoute(method="POST", path=f"{KEYS}/{{id}}/revoke", handler=revoke, scope="admin"),
    )


def _body_of(visit: Visit) -> bytes:
    """Return what the API would be sent: there is one judge of what is right."""
    form = visit.form
    document: dict[str, Any] = {
        "name": form.get("name", "").strip(),
        "scopes": [scope for scope in SCOPES if form.get(scope)],
        "expiresAt": _end_of(visit, form.get("expires", "")),
        "platforms": [platform for platform in _BETWEEN.split(form.get("platforms", "").strip()) if platform] or None,
    }
    return msgspec.json.encode(document)


def _end_of(visit: Visit, day: str) -> str:
    """Return the end of a day on the account's clock; what is no day is left for the API's check to refuse."""
    if not day:
        return ""
    try:
        return visit.formats.utc(datetime.combine(date.fromisoformat(day) + timedelta(days=1), clock()))
    except (ValueError, OverflowError):
        return _FAR


def _state(key: Shown, now: datetime) -> str:
    """Return whether a key still works; one that is rotated with an overlap does until it expires."""
    if key["revokedAt"] is not None and datetime.fromisoformat(key["revokedAt"]) <= now:
        return "revoked"
    is_over = key["expiresAt"] is not None and datetime.fromisoformat(key["expiresAt"]) <= now
    return "expired" if is_over else "usable"
