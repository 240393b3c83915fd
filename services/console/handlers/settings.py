"""GET and PUT /api/v1/settings."""

from aiohttp import web

from services.console.account_settings import SettingsStore
from services.console.handlers.answers import answer
from services.console.settings_body import MOST_BYTES, read_settings
from shared.http.authentication import FindsKeys, authenticate
from shared.http.bodies import check_declared, read_body


class SettingsHandler:
    """Answers with an account's settings, and takes others."""

    def __init__(self, keys: FindsKeys, settings: SettingsStore, *, body_seconds: float) -> None:
        self._keys = keys
        self._settings = settings
        self._body_seconds = body_seconds

    def add_routes(self, application: web.Application) -> None:
        """Add the routes to an application."""
        application.router.add_get("/api/v1/settings", self.read)
        application.router.add_put("/api/v1/settings", self.replace)

    async def read(self, request: web.Request) -> web.Response:
        """Answer with the settings, defaults included."""
        key = authenticate(request, self._keys, "orders:read")
        return answer({"success": True, "settings": await self._settings.read(key)})

    async def replace(self, request: web.Request) -> web.Response:
        """Replace the whole document; what is absent goes back to its default."""
        key = authenticate(request, self._keys, "admin")
        check_declared(request, most_bytes=MOST_BYTES)
        settings = read_settings(await read_body(request, most_bytes=MOST_BYTES, seconds=self._body_seconds))
        await self._settings.replace(key, settings)
        return answer({"success": True, "settings": settings})
