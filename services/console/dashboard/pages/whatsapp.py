"""An account's access to WhatsApp: secrets go in, sealed, and are never shown again."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from services.console.account_settings import SettingsStore
from services.console.dashboard.cookies import is_secure
from services.console.dashboard.pages.settings import SETTINGS
from services.console.dashboard.site import PageRoute, Site
from services.console.dashboard.visit import Visit, fields_at_fault, see_other
from services.console.documents.settings import WhatsAppAccess
from services.console.whatsapp import WhatsAppAccounts
from services.console.whatsapp_body import USUAL_VERSION, read_whatsapp
from shared.errors import InvalidInput
from shared.http.problems import Problem

WHATSAPP: Final = f"{SETTINGS}/whatsapp"
_SECRETS: Final = ("token", "appSecret", "verifyToken")
_FIELDS: Final = ("phoneNumberId", "linkBase", "apiVersion")


class WhatsAppPage:
    """Manages the access, with the same store as the API."""

    def __init__(self, site: Site, accounts: WhatsAppAccounts, settings: SettingsStore) -> None:
        self._site = site
        self._accounts = accounts
        self._settings = settings

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show the access; of each secret, whether it is set."""
        return await self._show(visit)

    async def save(self, visit: Visit) -> web.StreamResponse:
        """Replace the access, or show the form again with what is wrong in it; secrets are not sent back."""
        _need_live(visit)
        try:
            draft = read_whatsapp(_body_of(visit, await self._accounts.read(visit.key)))
        except InvalidInput as error:
            return await self._show(visit, fields=visit.form, wrong=fields_at_fault(error), status=422)
        if await self._accounts.replace(visit.key.account, draft) is None:
            return await self._show(visit, fields=visit.form, wrong=frozenset({"/token"}), is_first=True, status=422)
        return see_other(f"{WHATSAPP}?notice=saved")

    async def forget(self, visit: Visit) -> web.StreamResponse:
        """Forget the access, secrets included."""
        _need_live(visit)
        await self._accounts.delete(visit.key.account)
        return see_other(f"{WHATSAPP}?notice=forgotten")

    async def _show(
        self,
        visit: Visit,
        *,
        fields: Mapping[str, str] | None = None,
        wrong: frozenset[str] = frozenset(),
        is_first: bool = False,
        status: int = 200,
    ) -> web.StreamResponse:
        access = await self._accounts.read(visit.key)
        settings = await self._settings.read(visit.key)
        typed = _fields_of(access) if fields is None else fields
        scheme = "https" if is_secure(visit.request) else "http"
        response: web.StreamResponse = self._site.render(
            visit,
            "whatsapp.html",
            status=status,
            words=visit.phrases.whatsapp,
            fields={name: typed.get(name, "") for name in _FIELDS},
            wrong=wrong,
            is_first=is_first,
            access=access,
            set_secrets=_set_secrets(access),
            renamed=0 if access is None else len(access.template_names),
            may_change=visit.key.live,
            is_on=settings.channels.whatsapp,
            usual_version=USUAL_VERSION,
            callback=f"{scheme}://{visit.request.host}/hooks/whatsapp/{visit.key.account}",
            notice=visit.request.query.get("notice"),
        )
        return response

    PAGES = (
        PageRoute(method="GET", path=WHATSAPP, handler=page, scope="admin"),
        PageRoute(method="POST", path=WHATSAPP, handler=save, scope="admin"),
        PageRoute(method="POST", path=f"{WHATSAPP}/forget", handler=forget, scope="admin"),
    )


def _need_live(visit: Visit) -> None:
    """Raise 403 in the test world: what it changed would change what real clients get."""
    if not visit.key.live:
        raise Problem(403, "live_key_needed", "The access to WhatsApp cannot be changed from the test world")


def _body_of(visit: Visit, access: WhatsAppAccess | None) -> bytes:
    """Return what the API would be sent: there is one judge of what is right. Names of templates stay as they are."""
    document: dict[str, Any] = {name: visit.form.get(name, "").strip() for name in (*_FIELDS, *_SECRETS)}
    document["templateNames"] = None if access is None else access.template_names
    return msgspec.json.encode(document)


def _fields_of(access: WhatsAppAccess | None) -> dict[str, str]:
    if access is None:
        return {}
    version = "" if access.api_version == USUAL_VERSION else access.api_version
    return {"phoneNumberId": access.phone_number_id, "linkBase": access.link_base or "", "apiVersion": version}


def _set_secrets(access: WhatsAppAccess | None) -> frozenset[str]:
    """Return which secrets are set."""
    if access is None:
        return frozenset()
    states = dict(zip(_SECRETS, (access.token, access.app_secret, access.verify_token), strict=True))
    return frozenset(name for name, state in states.items() if state == "set")
