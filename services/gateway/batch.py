"""POST /api/v1/orders/batch: many orders in one request, each with a verdict of its own."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from services.gateway.documents import BatchAnswer, BatchProblem
from services.gateway.examples import NEW_INVOICE, PAYMENT
from services.gateway.intake import HEADERS, STRICT, Intake, Sender
from services.gateway.items import MOST_ITEMS, named, read_lines, split_array
from services.gateway.orders import MOST_BYTES as MOST_ITEM_BYTES
from services.gateway.preferences import flag
from services.gateway.verdicts import verdict_of
from shared.contracts import Settled, Submission
from shared.errors import Fault, InvalidInput
from shared.http.bodies import check_declared, read_body, receive
from shared.http.problems import Problem
from shared.http.routes import JSON, Answer, Body, Parameter, Refusal, Route
from shared.orders.body import OrderBody
from shared.orders.content import Draft

MOST_BYTES: Final = 16 * 1024 * 1024
NDJSON: Final = "application/x-ndjson"
_TYPES: Final = (JSON, NDJSON)
_Orders = Annotated[list[OrderBody], Meta(min_length=1, max_length=MOST_ITEMS)]
_CHUNK: Final = 250
"""Submissions handed to the group commit at a time, about one message's worth."""
_BREATH: Final = 50
"""Items read before other requests get their turn (a millisecond or two)."""
_SLICES: Final = 8
"""What so many items cost, in slices of the schedule."""


class _Refused(Struct, frozen=True):
    error: str
    faults: tuple[Fault, ...] = ()
    platform: str | None = None
    order_number: str | None = None


class _Taken(Struct, frozen=True):
    submission: Submission
    draft: Draft
    size: int


class BatchHandler:
    """Takes batches: a JSON array, or NDJSON read line by line as it arrives."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def post(self, request: web.Request) -> web.Response:
        """Accept the valid items of a batch, or with `?atomic=true` all or none of them."""
        intake = self._intake
        sender = intake.sender_of(request)
        atomic = flag(request, "atomic")
        media_type = check_declared(request, most_bytes=MOST_BYTES, types=_TYPES)
        with intake.budget.hold(request, MOST_BYTES, sender.key.account):
            read = await self._read(request, media_type, sender)
            taken = [item for item in read if isinstance(item, _Taken)]
            if not read:
                raise Problem(422, "empty_batch", "The batch holds no orders")
            if not taken or (atomic and len(taken) < len(read)):
                return _refusal(read)
            results = await self._commit(read, taken, sender)
        document = {
            "success": True,
            "accepted": len(taken),
            "rejected": len(read) - len(taken),
            "results": results,
        }
        headers = {"Cache-Control": "no-store"}
        if sender.wait is not None:
            headers["Preference-Applied"] = f"wait={sender.wait}"
        return web.Response(body=msgspec.json.encode(document), headers=headers, content_type="application/json")

    async def _read(self, request: web.Request, media_type: str, sender: Sender) -> list[_Taken | _Refused]:
        seconds = self._intake.body_seconds
        read: list[_Taken | _Refused] = []
        if media_type == NDJSON:
            async for lines in read_lines(receive(request, most_bytes=MOST_BYTES, seconds=seconds)):
                await self._read_items(lines, sender, read)
        else:
            items = split_array(await read_body(request, most_bytes=MOST_BYTES, seconds=seconds))
            await self._read_items(items, sender, read)
        return read

    async def _read_items(self, items: Sequence[bytes], sender: Sender, read: list[_Taken | _Refused]) -> None:
        """Append to what has been read of a batch."""
        for item in items:
            if len(read) == MOST_ITEMS:
                raise Problem(413, "too_many_orders", f"A batch may hold at most {MOST_ITEMS} orders: send several")
            read.append(self._read_item(item, sender, len(read)))
            if len(read) % _BREATH == 0:
                await self._intake.schedule.turn(sender.key.account, _SLICES)

    def _read_item(self, item: bytes, sender: Sender, index: int) -> _Taken | _Refused:
        if len(item) > MOST_ITEM_BYTES:
            return _Refused(f"An order may have at most {MOST_ITEM_BYTES} bytes")
        try:
            submission, draft = self._intake.read(item, sender, suffix=f"/{index}")
        except InvalidInput as error:
            return _Refused(error.message, error.faults, *named(item))
        except Problem as problem:
            return _Refused(problem.error, problem.faults, *named(item))
        return _Taken(submission, draft, len(item))

    async def _commit(self, read: list[_Taken | _Refused], taken: list[_Taken], sender: Sender) -> list[dict[str, Any]]:
        """Publish what was taken and return all verdicts, in the batch's order."""
        chunks = [taken[start : start + _CHUNK] for start in range(0, len(taken), _CHUNK)]
        commits = [
            self._intake.commit([item.submission for item in chunk], sum(item.size for item in chunk), sender)
            for chunk in chunks
        ]
        # All have ended before the first failure is told: a batch that gets no 200 may have been taken in part.
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        settled = iter([one for outcome in outcomes if not isinstance(outcome, BaseException) for one in outcome])
        return [
            _refused(index, item) if isinstance(item, _Refused) else _verdict(index, item, next(settled))
            for index, item in enumerate(read)
        ]

    ROUTES = (
        Route(
            method="POST",
            path="/api/v1/orders/batch",
            handler=post,
            summary="Send many orders at once",
            tag="Orders",
            scope="orders:write",
            query=(
                Parameter(name="atomic", of=bool, description="Whether one wrong order rejects all."),
                STRICT,
            ),
            headers=HEADERS,
            body=Body(
                types={JSON: _Orders, NDJSON: _Orders},
                description=(
                    "A JSON array of orders, or NDJSON, one order a line, which is read as it arrives. "
                    f"At most {MOST_ITEMS} orders and 16 MiB."
                ),
                examples={"an invoice and its payment": [NEW_INVOICE, PAYMENT]},
            ),
            answers=(
                Answer(
                    status=200,
                    description="At least one order was taken; each has its own verdict.",
                    of=BatchAnswer,
                    headers=("Preference-Applied",),
                ),
            ),
            refusals=(Refusal(status=422, description="Nothing was taken; the results say why.", of=BatchProblem),),
        ),
    )


def _verdict(index: int, item: _Taken, settled: Settled | None) -> dict[str, Any]:
    verdict = verdict_of(item.submission, item.draft, settled)
    result: dict[str, Any] = {
        "index": index,
        "status": verdict.status,
        "platform": item.submission.platform,
        "orderNumber": item.submission.order_number,
        "receipt": verdict.receipt,
    }
    if verdict.warnings:
        result["warnings"] = verdict.warnings
    if verdict.error is not None:
        result |= {"error": verdict.error, "errors": []}
    return result


def _refused(index: int, item: _Refused) -> dict[str, Any]:
    return {
        "index": index,
        "status": HTTPStatus.UNPROCESSABLE_ENTITY.value,
        "platform": item.platform,
        "orderNumber": item.order_number,
        "error": item.error,
        "errors": item.faults,
    }


def _refusal(read: list[_Taken | _Refused]) -> web.Response:
    """Answer 422 for a batch of which nothing is taken; its results say what is wrong with which item."""
    refused = [_refused(index, item) for index, item in enumerate(read) if isinstance(item, _Refused)]
    problem = Problem(422, "invalid_batch", f"Nothing was taken: {len(refused)} of {len(read)} orders are wrong")
    more = {"success": False, "accepted": 0, "rejected": len(read), "results": refused}
    return problem.response(more)
