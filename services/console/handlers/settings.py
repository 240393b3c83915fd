"""GET and PUT /api/v1/settings."""

from aiohttp import web

from services.console.account_settings import SettingsStore
from services.console.documents.settings import SettingsAnswer
from services.console.handlers.answers import answer
from services.console.settings_body import MOST_BYTES, SettingsBody, read_settings
from shared.http.authentication import FindsKeys, authenticate
from shared.http.bodies import check_declared, read_body
from shared.http.routes import JSON, Answer, Body, Route, refuse_unknown_parameters


class SettingsHandler:
    """Answers with an account's settings, and takes others."""

    def __init__(self, keys: FindsKeys, settings: SettingsStore, *, body_seconds: float) -> None:
        self._keys = keys
        self._settings = settings
        self._body_seconds = body_seconds

    async def read(self, request: web.Request) -> web.Response:
        """Answer with the settings, defaults included."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        return answer({"success": True, "settings": await self._settings.read(key)})

    async def replace(self, request: web.Request) -> web.Response:
        """Replace the whole document; what is absent goes back to its default."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        check_declared(request, most_bytes=MOST_BYTES)
        settings = read_settings(await read_body(request, most_bytes=MOST_BYTES, seconds=self._body_seconds))
        await self._settings.replace(key, settings)
        return answer({"success": True, "settings": settings})

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/settings",
            handler=read,
            summary="Read the account's settings",
            tag="Settings",
            scope="orders:read",
            answers=(Answer(status=200, description="All settings, defaults included.", of=SettingsAnswer),),
        ),
        Route(
            method="PUT",
            path="/api/v1/settings",
            handler=replace,
            summary="Replace the account's settings",
            tag="Settings",
            scope="admin",
            body=Body(
                types={JSON: SettingsBody},
                description="The whole document: what is absent goes back to its default.",
                examples={"reminders on three days": {"senderName": "De Groot", "ladder": [0, 7, 14]}},
            ),
            answers=(Answer(status=200, description="The settings as they are now.", of=SettingsAnswer),),
        ),
    )
