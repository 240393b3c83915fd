"""The settings of an account, as a form with a preview of the reminders that they make."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import available_timezones

from aiohttp import web

from services.console.account_settings import SettingsStore
from services.console.dashboard.reminder_preview import Reminder, ReminderPreview
from services.console.dashboard.settings_form import Filled, fields_of, read_fields
from services.console.dashboard.site import Entry, PageRoute, Site
from services.console.dashboard.visit import HOME, Visit, fields_at_fault, see_other
from shared.account_settings import AccountSettings
from shared.errors import InvalidInput

SETTINGS: Final = f"{HOME}/settings"
_EXAMPLE_DAYS: Final = 14


class SettingsPage:
    """Shows the settings, and takes others."""

    def __init__(
        self,
        site: Site,
        settings: SettingsStore,
        preview: ReminderPreview,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._site = site
        self._settings = settings
        self._preview = preview
        self._now = now

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show the settings as they are."""
        settings = await self._settings.read(visit.key)
        return self._show(visit, fields_of(settings), Filled(settings, frozenset()))

    async def save(self, visit: Visit) -> web.StreamResponse:
        """Take the form's settings, or show it again with what is wrong in it."""
        filled = read_fields(visit.form, await self._settings.read(visit.key))
        if filled.settings is None:
            return self._show(visit, visit.form, filled, status=422)
        try:
            await self._settings.replace(visit.key, filled.settings)
        except InvalidInput as error:  # a time zone that only this host knows
            return self._show(visit, visit.form, Filled(None, fields_at_fault(error)), status=422)
        return see_other(f"{SETTINGS}?notice=saved")

    async def preview(self, visit: Visit) -> web.StreamResponse:
        """Show which reminders the form would make, without keeping anything."""
        filled = read_fields(visit.form, await self._settings.read(visit.key))
        return self._show(visit, visit.form, filled, template="settings_preview.html")

    def _show(
        self,
        visit: Visit,
        fields: Mapping[str, str],
        filled: Filled,
        *,
        status: int = 200,
        template: str = "settings.html",
    ) -> web.StreamResponse:
        due_date = self._due_date(visit, fields)
        response: web.StreamResponse = self._site.render(
            visit,
            template,
            status=status,
            words=visit.phrases.settings,
            fields={**fields_of(AccountSettings()), **dict.fromkeys(_BOXES, ""), **fields},
            wrong=filled.wrong,
            zones=sorted(available_timezones()),
            may_change=visit.signed_in.can("admin"),
            was_saved=visit.request.query.get("notice") == "saved",
            due_date=due_date,
            previews=self._previews(visit, filled.settings, due_date),
        )
        return response

    def _due_date(self, visit: Visit, fields: Mapping[str, str]) -> date:
        try:
            return date.fromisoformat(fields.get("exampleDue", ""))
        except ValueError:
            return visit.formats.local(self._now()).date() + timedelta(days=_EXAMPLE_DAYS)

    def _previews(self, visit: Visit, settings: AccountSettings | None, due_date: date) -> list[Reminder] | None:
        if settings is None:
            return None
        words: Any = visit.phrases.settings
        return self._preview.of(
            settings, due_date, name=visit.signed_in.account_name, client=words.example_client, item=words.example_item
        )

    PAGES = (
        PageRoute(method="GET", path=SETTINGS, handler=page, entry=Entry(name="settings")),
        PageRoute(method="POST", path=SETTINGS, handler=save, scope="admin"),
        PageRoute(method="POST", path=f"{SETTINGS}/preview", handler=preview),
    )


_BOXES: Final = ("quietSundays", "quietHolidays", "email", "whatsapp")
