"""What can be done about an invoice that is not paid: remind now, pause, never write to this address again."""

from typing import Final

from msgspec import Struct

from services.console.orders import Shown
from services.console.pauses import Pauses
from services.console.reminders import Reminders
from services.console.suppressions import Suppressions
from shared.http.problems import Problem
from shared.keys import ApiKey
from shared.orders.identity import Identity

REASON: Final = "dashboard"
"""Why an address is suppressed, where somebody pressed the button."""
_CODES: Final = {"suppressed": "address_suppressed"}
"""Refusals whose code is the name of something done."""
CONFLICT: Final = 409


class Standing(Struct, frozen=True):
    """How an invoice stands with this."""

    is_paused: bool
    is_client_paused: bool
    is_suppressed: bool


class InvoiceActions:
    """Does what is asked for; each answers with a code for the next page to tell."""

    def __init__(self, reminders: Reminders, pauses: Pauses, suppressions: Suppressions) -> None:
        self._reminders = reminders
        self._pauses = pauses
        self._suppressions = suppressions

    async def standing(self, key: ApiKey, identity: Identity, order: Shown) -> Standing:
        """Return how an invoice stands."""
        email = order["customerEmail"]
        return Standing(
            await self._pauses.is_order_paused(key, identity.order_id()),
            email is not None and await self._pauses.is_customer_paused(key, email),
            email is not None and await self._suppressions.has(key, email),
        )

    async def remind(self, key: ApiKey, identity: Identity) -> str | None:
        """Remind now; None where there is no such order."""
        try:
            asked = await self._reminders.ask(key, identity)
        except Problem as problem:
            if problem.status != CONFLICT:
                raise
            return _CODES.get(problem.code, problem.code)
        return None if asked is None else "reminded"

    async def pause(self, key: ApiKey, identity: Identity) -> str | None:
        """Hold its reminders; None where there is no such order."""
        return "paused" if await self._pauses.pause_order(key, identity.order_id()) else None

    async def resume(self, key: ApiKey, identity: Identity) -> str:
        """Let its reminders go on."""
        await self._pauses.resume_order(key, identity.order_id())
        return "resumed"

    async def resume_client(self, key: ApiKey, email: str) -> str:
        """Let the reminders of all its client's invoices go on."""
        await self._pauses.resume_customer(key, email)
        return "client_resumed"

    async def suppress(self, key: ApiKey, email: str) -> str:
        """Send nothing to an address any more."""
        await self._suppressions.add(key, email, REASON)
        return "suppressed"

    async def allow(self, key: ApiKey, email: str) -> str:
        """Send to an address again."""
        await self._suppressions.remove(key, email)
        return "allowed"
