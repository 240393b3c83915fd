"""All messages of an account: to come, sent, failed, and those that were not sent, with the reason."""

from typing import Final

from aiohttp import web

from services.console import notifications as stored_notifications
from services.console.dashboard.site import Entry, PageRoute, Site
from services.console.dashboard.timeline import NOTIFICATION_LOOKS, TO_COME, reason_of
from services.console.dashboard.visit import HOME, Visit
from services.console.notifications import NotificationsReader
from services.console.paging import read_paging
from services.console.parameters import Parameters

MESSAGES: Final = f"{HOME}/messages"
GROUPS: Final = {
    "coming": tuple(sorted(TO_COME)),
    "sent": ("delivered", "sent", "simulated"),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
"""The states that a reader looks for together."""


class NotificationsPage:
    """Shows an account's messages."""

    def __init__(self, site: Site, notifications: NotificationsReader) -> None:
        self._site = site
        self._notifications = notifications

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show a page of them, those planned last first."""
        parameters = Parameters(visit.query)
        group, kind = parameters.choice("group", GROUPS), parameters.choice("kind", ("confirmation", "reminder"))
        binding = ("dashboard messages", visit.key.account, visit.key.live, group, kind)
        paging = read_paging(parameters, binding, stored_notifications.PLACE)
        parameters.finish()
        found, next_cursor = await self._notifications.of_account(
            visit.key, None if group is None else GROUPS[group], kind, paging
        )
        response: web.StreamResponse = self._site.render(
            visit,
            "notifications.html",
            words=visit.phrases.notifications,
            names=visit.phrases.invoice,
            notifications=[
                (one, NOTIFICATION_LOOKS[one["state"]], reason_of(visit, one["reason"]) if one["reason"] else None)
                for one in found
            ],
            next_cursor=next_cursor,
            groups=list(GROUPS),
            chosen={"group": group, "kind": kind},
        )
        return response

    PAGES = (
        PageRoute(
            method="GET",
            path=MESSAGES,
            handler=page,
            entry=Entry(name="notifications", on_phone=True),
        ),
    )
