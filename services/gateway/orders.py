"""POST /api/v1/orders: from a request to a confirmed submission and its answer."""

from typing import Final

import msgspec
from aiohttp import web

from services.gateway.documents import Accepted, Stored
from services.gateway.examples import NEW_INVOICE, PAYMENT
from services.gateway.intake import HEADERS, STRICT, Intake
from services.gateway.verdicts import verdict_of
from shared.http.bodies import check_declared, read_body
from shared.http.problems import Problem
from shared.http.routes import JSON, Answer, Body, Link, Refusal, Route
from shared.orders.body import OrderBody

MOST_BYTES: Final = 256 * 1024
_ORDER: Final = "/api/v1/orders/{platform}/{orderNumber}"
_NAMED: Final = {"platform": "/order/platform", "orderNumber": "/order/orderNumber"}
_LINKS: Final = {
    "receipt": Link(method="GET", path="/api/v1/receipts/{id}", parameters={"id": "/receipt/id"}),
    "order": Link(method="GET", path=_ORDER, parameters=_NAMED),
    "history": Link(method="GET", path=f"{_ORDER}/history", parameters=_NAMED),
    "notifications": Link(method="GET", path=f"{_ORDER}/notifications", parameters=_NAMED),
}


class OrdersHandler:
    """Takes single orders."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def post(self, request: web.Request) -> web.Response:
        """Accept one order: 202 once the broker holds it, or 200 or 201 once it is stored, where the client waits."""
        intake = self._intake
        sender = intake.sender_of(request)
        check_declared(request, most_bytes=MOST_BYTES)
        with intake.budget.hold(request, MOST_BYTES, sender.key.account):
            body = await read_body(request, most_bytes=MOST_BYTES, seconds=intake.body_seconds)
            await intake.schedule.turn(sender.key.account)
            submission, draft = intake.read(body, sender)
            (settled,) = await intake.commit((submission,), len(body), sender)
        verdict = verdict_of(submission, draft, settled)
        headers = {"Location": f"/api/v1/receipts/{submission.id}", "Cache-Control": "no-store"}
        if sender.wait is not None:
            headers["Preference-Applied"] = f"wait={sender.wait}"
        if verdict.error is not None:
            raise Problem(verdict.status, verdict.code or "rejected", verdict.error, headers=headers)
        document = {
            "success": True,
            "order": verdict.order,
            "receipt": verdict.receipt,
            "warnings": verdict.warnings,
        }
        return web.Response(
            body=msgspec.json.encode(document), status=verdict.status, headers=headers, content_type="application/json"
        )

    ROUTES = (
        Route(
            method="POST",
            path="/api/v1/orders",
            handler=post,
            summary="Send an order, or an update of one",
            tag="Orders",
            scope="orders:write",
            query=(STRICT,),
            headers=HEADERS,
            body=Body(
                types={JSON: OrderBody},
                description="Absent, null and an empty string all mean: leave it as it is. At most 256 KiB.",
                examples={"a new invoice": NEW_INVOICE, "its payment": PAYMENT},
            ),
            answers=(
                Answer(
                    status=202,
                    description="Accepted: the broker holds the submission.",
                    of=Accepted,
                    headers=("Location", "Preference-Applied"),
                    links=_LINKS,
                ),
                Answer(
                    status=201,
                    description="With Prefer: wait, stored, and the order is new.",
                    of=Stored,
                    headers=("Location", "Preference-Applied"),
                    links=_LINKS,
                ),
                Answer(
                    status=200,
                    description="With Prefer: wait, stored: the order was there before.",
                    of=Stored,
                    headers=("Location", "Preference-Applied"),
                    links=_LINKS,
                ),
            ),
            refusals=(
                Refusal(
                    status=422,
                    description="Every fault of the order; or, with Prefer: wait, it was rejected.",
                    headers=("Location", "Preference-Applied"),
                ),
            ),
        ),
    )
