"""Errors as `application/problem+json` (RFC 9457), with the API's own `error` kept as a member.

Handlers raise `Problem` or one of the system's errors; the middleware `shape_errors` is the only place that turns
either into an answer. Nothing of the request is ever echoed, and nothing of a stack.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from shared.errors import DataError, Fault, InvalidInput, MalformedJson, Unavailable
from shared.http.faults import FAULTS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CONTENT_TYPE = "application/problem+json"


class ProblemDocument(Struct, frozen=True, rename="camel", kw_only=True):
    """What every error answers; `code` is for programs, `error` for people, and `errors` names each fault of a body."""

    error: str
    type: Annotated[str, Meta(pattern="^urn:bugalou:problem:[a-z_]+$")]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    code: Annotated[str, Meta(pattern="^[a-z_]+$")]
    errors: Sequence[Fault]
    request_id: Annotated[str, Meta(pattern="^[0-9a-f-]*$")]


class Problem(Exception):
    """An answer that is an error: its status, a code for programs, and one sentence for people."""

    def __init__(
        self,
        status: int,
        code: str,
        error: str,
        *,
        faults: tuple[Fault, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.code = code
        self.error = error
        self.faults = faults
        self.headers = dict(headers or {})

    def document(self, request_id: str) -> ProblemDocument:
        """Return the problem document."""
        return ProblemDocument(
            error=self.error,
            type=f"urn:bugalou:problem:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            errors=self.faults,
            request_id=request_id,
        )

    def response(self, more: Mapping[str, Any] | None = None) -> web.Response:
        """Return the answer, with an id under which the logs tell more, and `more` members if any."""
        request_id = uuid4().hex
        headers = {"X-Request-Id": request_id, "Cache-Control": "no-store", **self.headers}
        document = msgspec.to_builtins(self.document(request_id))
        body = msgspec.json.encode({**document, **(more or {})})
        return web.Response(body=body, status=self.status, headers=headers, content_type=CONTENT_TYPE)


_OF_STATUS = {
    400: ("bad_request", "The request is not valid HTTP"),
    404: ("not_found", "There is nothing at this address"),
    405: ("method_not_allowed", "This address does not take this method"),
    408: ("request_timeout", "The request was not received in time"),
    413: ("body_too_large", "The body is too large"),
    417: ("expectation_failed", "The only expectation that can be met is 100-continue"),
    500: ("internal_error", "Something went wrong here; the request may be sent again"),
    505: ("http_version", "Only HTTP/1.0 and HTTP/1.1 are served"),
}


def problem_of_status(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """Return the problem for a status that the HTTP library itself answers with."""
    known = status if status in _OF_STATUS else 500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400
    code, error = _OF_STATUS[known]
    return Problem(known, code, error, headers=headers)


def problem_of(error: BaseException) -> Problem:
    """Return what any error means to an HTTP client; the one such mapping."""
    match error:
        case Problem():
            return error
        case MalformedJson():
            return Problem(400, "malformed_json", error.message)
        case InvalidInput():
            return Problem(422, "invalid_input", error.message, faults=error.faults)
        case DataError():  # what no check of ours foresaw: a cursor put together by hand, say
            return Problem(422, "invalid_input", "The request holds a value that the database cannot take")
        case Unavailable():
            seconds = str(error.retry_after_seconds)
            sentence = "The service cannot take this right now: try again"
            return Problem(503, "unavailable", sentence, headers={"Retry-After": seconds})
        case web.HTTPRequestEntityTooLarge():
            return problem_of_status(413)
        case web.HTTPMethodNotAllowed():
            return problem_of_status(405, {"Allow": ", ".join(sorted(error.allowed_methods))})
        case web.HTTPException():
            return problem_of_status(error.status)
        case _:
            return problem_of_status(500)


@web.middleware
async def shape_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as problem documents, and log those that are ours."""
    if not (1, 0) <= request.version <= (1, 1):
        response = problem_of_status(505 if request.version > (1, 1) else 400).response()
        response.force_close()
        return response
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return problem_of(error).response()
    except ConnectionError:
        raise
    except Exception as error:  # the edge: whatever went wrong becomes one answer, and our own faults a log line
        problem = problem_of(error)
        response = problem.response()
        FAULTS.note(problem.status, response.headers["X-Request-Id"], error)
        return response
