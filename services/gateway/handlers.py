"""POST /api/v1/orders: from a request to a confirmed submission and its answer."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
from aiohttp import web

from services.gateway.acceptance import accept
from services.gateway.answers import Answers
from services.gateway.clock import SharedClock
from services.gateway.preferences import idempotency_key, wait_seconds
from shared.contracts import Settled, Submission
from shared.errors import Fault, Unavailable
from shared.http.authentication import FindsKeys, allow_platform, authenticate
from shared.http.bodies import read_json_body
from shared.http.problems import Problem
from shared.orders.content import Draft
from shared.orders.validation import read_order
from shared.orders.view import accepted_view

MOST_BYTES: Final = 256 * 1024


class Commits(Protocol):
    """Publishes submissions; returns once the broker holds them."""

    async def submit(self, submissions: Sequence[Submission], size: int) -> None:
        """Publish or raise `Unavailable`."""
        ...


class OrdersHandler:
    """Takes single orders."""

    def __init__(
        self, keys: FindsKeys, clock: SharedClock, commit: Commits, answers: Answers, *, body_seconds: float
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._commit = commit
        self._answers = answers
        self._body_seconds = body_seconds

    def add_routes(self, application: web.Application) -> None:
        """Add the routes to an application."""
        application.router.add_post("/api/v1/orders", self.post)

    async def post(self, request: web.Request) -> web.Response:
        """Accept one order: 202 once the broker holds it, or 200 or 201 once it is stored, where the client waits."""
        key = authenticate(request, self._keys, "orders:write")
        repeated = idempotency_key(request)
        body = await read_json_body(request, most_bytes=MOST_BYTES, seconds=self._body_seconds)
        if not self._clock.is_trusted:
            raise Unavailable("the shared clock has not been measured yet")
        draft = read_order(body, strict=is_strict(request), now=self._clock.now())
        allow_platform(key, draft.platform)
        wait = wait_seconds(request)
        submission = accept(draft, key, self._clock, idempotency_key=repeated, wait=wait is not None)
        if wait is None:
            await self._commit.submit((submission,), len(body))
            return accepted(submission, draft)
        with self._answers.expect((submission,)) as expected:
            await self._commit.submit((submission,), len(body))
            settled = (await expected.collect(wait)).get(submission.id)
        response = accepted(submission, draft) if settled is None else stored(settled, draft)
        response.headers["Preference-Applied"] = f"wait={wait}"
        return response


def is_strict(request: web.Request) -> bool:
    """Tell whether unknown fields are to be refused."""
    value = request.query.get("strict", "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise Problem(422, "invalid_parameter", "The parameter strict is true or false")
    return value in ("true", "1")


def accepted(submission: Submission, draft: Draft) -> web.Response:
    """Answer 202: the broker holds the submission; what becomes of it stands in its receipt."""
    receipt = {"id": str(submission.id), "state": "queued", "version": str(submission.version)}
    order = accepted_view(submission.identity, submission.order_id, draft.content.sets)
    return _answer(202, order, receipt, draft.warnings)


def stored(settled: Settled, draft: Draft) -> web.Response:
    """Answer 201 or 200 with the merged order, or 422 where the submission was rejected."""
    if settled.state == "rejected":
        raise Problem(422, settled.reason or "rejected", "The Idempotency-Key was used before with another body")
    if settled.order is None:
        raise Problem(422, "set_aside", "The order could not be stored; an operator will look at it")
    receipt = {"id": str(settled.id), "state": settled.state, "version": str(settled.version)}
    if settled.duplicate_of is not None:
        receipt["duplicateOf"] = str(settled.duplicate_of)
    return _answer(201 if settled.created else 200, settled.order, receipt, draft.warnings)


def _answer(status: int, order: dict[str, Any], receipt: dict[str, str], warnings: Sequence[Fault]) -> web.Response:
    document = {"success": True, "order": order, "receipt": receipt, "warnings": warnings}
    headers = {"Location": f"/api/v1/receipts/{receipt['id']}", "Cache-Control": "no-store"}
    return web.Response(
        body=msgspec.json.encode(document), status=status, headers=headers, content_type="application/json"
    )
