"""DELETE /api/v1/customers/{email}."""

from aiohttp import web

from services.console.customers import Customers
from services.console.handlers.answers import customer_in_path, no_content
from shared.http.authentication import FindsKeys, authenticate
from shared.http.problems import Problem
from shared.http.routes import Answer, Refusal, Route, refuse_unknown_parameters


class CustomersHandler:
    """Erases persons."""

    def __init__(self, keys: FindsKeys, customers: Customers) -> None:
        self._keys = keys
        self._customers = customers

    async def erase(self, request: web.Request) -> web.Response:
        """Erase a person's data, keeping the amounts: 204, or 404 where no order has or had the address."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        if not await self._customers.erase(key, customer_in_path(request, key)):
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
