"""DELETE /api/v1/customers/{email}."""

from aiohttp import web

from services.console.customers import Customers
from services.console.handlers.answers import no_content
from shared.errors import Fault
from shared.http.authentication import FindsKeys, authenticate
from shared.http.problems import Problem
from shared.http.routes import Answer, Refusal, Route, refuse_unknown_parameters
from shared.orders.contact import email_fault
from shared.orders.text import text_fault


class CustomersHandler:
    """Erases persons."""

    def __init__(self, keys: FindsKeys, customers: Customers) -> None:
        self._keys = keys
        self._customers = customers

    async def erase(self, request: web.Request) -> web.Response:
        """Erase a person's data, keeping the amounts: 204, or 404 where no order has or had the address."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        if key.platforms is not None:
            sentence = "This API key is for some platforms only: to erase a person takes one that is for all"
            raise Problem(403, "platform_not_allowed", sentence)
        email = request.match_info["email"]
        fault = text_fault(email) or email_fault(email)
        if fault is not None:
            raise Problem(
                422, "invalid_parameter", "The address of the customer is wrong", faults=(Fault("/email", fault),)
            )
        if not await self._customers.erase(key, email):
            raise Problem(404, "customer_not_found", "No order of this account has or had this e-mail address")
        return no_content()

    ROUTES = (
        Route(
            method="DELETE",
            path="/api/v1/customers/{email}",
            handler=erase,
            summary="Erase a person's data, keep the amounts",
            tag="Customers",
            scope="admin",
            answers=(Answer(status=204, description="Erased, everywhere."),),
            refusals=(
                Refusal(status=404, description="No order of this account has or had this e-mail address."),
                Refusal(status=422, description="That is no e-mail address."),
            ),
        ),
    )
