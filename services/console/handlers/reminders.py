"""POST /api/v1/orders/.../remind, and pauses of orders and customers."""

from aiohttp import web

from services.console.documents.reminders import AskedReminder, PauseAnswer
from services.console.handlers.answers import (
    answer,
    customer_in_path,
    no_content,
    order_in_path,
    order_not_found,
    refuse_body,
)
from services.console.pauses import Pauses
from services.console.reminders import Reminders
from shared.http.authentication import FindsKeys, authenticate
from shared.http.routes import Answer, Refusal, Route, refuse_unknown_parameters

_ORDER = "/api/v1/orders/{platform}/{orderNumber}"
_CUSTOMER = "/api/v1/customers/{email}/pause"
_NO_ORDER = Refusal(status=404, description="There is no order of this platform and number.")
_NO_ADDRESS = Refusal(status=422, description="That is no e-mail address.")
_NO_ADDRESS_OR_BODY = Refusal(
    status=422, description="That is no e-mail address, or there is a body, which is not read."
)
_BODY = Refusal(status=422, description="A parameter is wrong, or there is a body, which is not read.")
_PAUSE_BODY = "A pause takes no body: it has no end of its own, and lasts until a DELETE of this address ends it"
_REMIND_BODY = "A reminder that is asked for takes no body: it leaves now, with the next words of the account's ladder"


class RemindersHandler:
    """Reminds now, and pauses reminders."""

    def __init__(self, keys: FindsKeys, reminders: Reminders, pauses: Pauses, *, body_seconds: float) -> None:
        self._keys = keys
        self._reminders = reminders
        self._pauses = pauses
        self._body_seconds = body_seconds

    async def remind(self, request: web.Request) -> web.Response:
        """Ask for a reminder now."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        await refuse_body(request, _REMIND_BODY, seconds=self._body_seconds)
        asked = await self._reminders.ask(key, order_in_path(request, key))
        if asked is None:
            raise order_not_found()
        return answer({"success": True, "notifications": asked}, 202)

    async def pause_order(self, request: web.Request) -> web.Response:
        """Hold an order's reminders."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        await refuse_body(request, _PAUSE_BODY, seconds=self._body_seconds)
        if not await self._pauses.pause_order(key, order_in_path(request, key).order_id()):
            raise order_not_found()
        return answer({"success": True, "paused": True})

    async def resume_order(self, request: web.Request) -> web.Response:
        """Let an order's reminders go on."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        await self._pauses.resume_order(key, order_in_path(request, key).order_id())
        return no_content()

    async def pause_customer(self, request: web.Request) -> web.Response:
        """Hold a client's reminders."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        await refuse_body(request, _PAUSE_BODY, seconds=self._body_seconds)
        await self._pauses.pause_customer(key, customer_in_path(request, key))
        return answer({"success": True, "paused": True})

    async def resume_customer(self, request: web.Request) -> web.Response:
        """Let a client's reminders go on."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        await self._pauses.resume_customer(key, customer_in_path(request, key))
        return no_content()

    ROUTES = (
        Route(
            method="POST",
            path=f"{_ORDER}/remind",
            handler=remind,
            summary="Remind an order's client now",
            tag="Notifications",
            scope="orders:write",
            answers=(
                Answer(
                    status=202,
                    description="It leaves at any hour, also while reminders are paused; once a day for each client.",
                    of=AskedReminder,
                ),
            ),
            refusals=(
                _NO_ORDER,
                _BODY,
                Refusal(
                    status=409,
                    description="Nothing is open, there is no address, it is suppressed, or was reminded today.",
                ),
            ),
        ),
        Route(
            method="PUT",
            path=f"{_ORDER}/pause",
            handler=pause_order,
            summary="Pause an order's reminders",
            tag="Notifications",
            scope="orders:write",
            answers=(Answer(status=200, description="Reminders are held until the pause ends.", of=PauseAnswer),),
            refusals=(_NO_ORDER, _BODY),
        ),
        Route(
            method="DELETE",
            path=f"{_ORDER}/pause",
            handler=resume_order,
            summary="End the pause of an order's reminders",
            tag="Notifications",
            scope="orders:write",
            answers=(Answer(status=204, description="What is due leaves; of several steps the newest."),),
            refusals=(_NO_ORDER,),
        ),
        Route(
            method="PUT",
            path=_CUSTOMER,
            handler=pause_customer,
            summary="Pause a client's reminders",
            tag="Notifications",
            scope="orders:write",
            answers=(
                Answer(
                    status=200,
                    description="Reminders to this address, of whatever order, are held until the pause ends.",
                    of=PauseAnswer,
                ),
            ),
            refusals=(_NO_ADDRESS_OR_BODY,),
        ),
        Route(
            method="DELETE",
            path=_CUSTOMER,
            handler=resume_customer,
            summary="End the pause of a client's reminders",
            tag="Notifications",
            scope="orders:write",
            answers=(Answer(status=204, description="What is due leaves; of several steps the newest."),),
            refusals=(_NO_ADDRESS,),
        ),
    )
