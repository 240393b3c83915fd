"""POST /api/v1/orders: from a request to a confirmed submission and its answer."""

from typing import Final

import msgspec
from aiohttp import web

from services.gateway.intake import Intake
from services.gateway.verdicts import verdict_of
from shared.http.bodies import check_declared, read_body
from shared.http.problems import Problem

MOST_BYTES: Final = 256 * 1024


class OrdersHandler:
    """Takes single orders."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def add_routes(self, application: web.Application) -> None:
        """Add the route to an application."""
        application.router.add_post("/api/v1/orders", self.post)

    async def post(self, request: web.Request) -> web.Response:
        """Accept one order: 202 once the broker holds it, or 200 or 201 once it is stored, where the client waits."""
        intake = self._intake
        sender = intake.sender_of(request)
        check_declared(request, most_bytes=MOST_BYTES)
        with intake.budget.hold(request, MOST_BYTES):
            body = await read_body(request, most_bytes=MOST_BYTES, seconds=intake.body_seconds)
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
