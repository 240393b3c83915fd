"""Which problems any route may answer, as they follow from what the route is; and the headers of all answers."""

from collections.abc import Iterator
from typing import Any, Final

from shared.http.problems import CONTENT_TYPE as PROBLEM
from shared.http.routes import Refusal, Route

NDJSON: Final = "application/x-ndjson"
__all__ = ["HEADERS", "NDJSON", "PROBLEM", "refusals_of"]

_LIMITS: Final = ("RateLimit", "RateLimit-Policy")
_ANY: Final = (
    Refusal(status=400, description="The request is not valid HTTP."),
    Refusal(status=405, description="The address does not take the method.", headers=("Allow",)),
    Refusal(status=417, description="An Expect other than 100-continue."),
    Refusal(status=500, description="Something went wrong here; the request may be sent again."),
    Refusal(status=502, description="From a proxy: the service broke off.", headers=("Retry-After",)),
    Refusal(status=504, description="From a proxy: the service did not answer in time."),
    Refusal(status=505, description="Neither HTTP/1.0 nor HTTP/1.1."),
)
_WITH_KEY: Final = (
    Refusal(
        status=401,
        description="No API key, a key that does not exist, or two that differ.",
        headers=("WWW-Authenticate",),
    ),
    Refusal(
        status=403,
        description="The key is expired or revoked, lacks the scope, or is not for the platform.",
        headers=_LIMITS,
    ),
    Refusal(
        status=429,
        description="The account is over its rate limit, or the address has sent too many wrong keys.",
        headers=("Retry-After", *_LIMITS),
    ),
    Refusal(
        status=503,
        description="The service cannot do this right now; nothing was taken.",
        headers=("Retry-After", *_LIMITS),
    ),
)
_WITH_QUERY: Final = (
    Refusal(status=422, description="A parameter is wrong, or unknown; each is named.", headers=_LIMITS),
)
_WITH_BODY: Final = (
    Refusal(status=400, description="The body is not JSON, or the request not valid HTTP.", headers=_LIMITS),
    Refusal(status=408, description="The body did not arrive in time.", headers=_LIMITS),
    Refusal(status=413, description="The body is too large.", headers=_LIMITS),
    Refusal(status=415, description="Not the media type, the charset or the encoding that is taken.", headers=_LIMITS),
    Refusal(status=422, description="The body cannot be taken; every fault is named.", headers=_LIMITS),
)

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "Allow": {
        "description": "The methods that the address takes.",
        "schema": {"type": "string", "examples": ["GET, HEAD"]},
    },
    "Cache-Control": {"description": "How long a copy may be kept.", "schema": {"type": "string"}},
    "Content-Disposition": {"description": "The name of the file.", "schema": {"type": "string"}},
    "ETag": {"description": "Changes with the content; sent back in If-None-Match.", "schema": {"type": "string"}},
    "Location": {
        "description": "Where the receipt can be read.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Preference-Applied": {
        "description": "The preference that was followed, where one was.",
        "schema": {"type": "string", "pattern": "^wait=[0-9]{1,2}$"},
    },
    "RateLimit": {
        "description": "What is left, where the account has a limit (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string", "examples": ['"default";r=49;t=1']},
    },
    "RateLimit-Policy": {
        "description": "The limit, where the account has one.",
        "schema": {"type": "string", "examples": ['"default";q=50;w=5']},
    },
    "Retry-After": {
        "description": "After so many seconds, try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "required": True,
        "schema": {"type": "string", "examples": ['Bearer realm="bugalou"']},
    },
    "X-Request-Id": {
        "description": "Under which the logs tell more.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f-]*$"},
    },
}


def refusals_of(route: Route) -> Iterator[Refusal]:
    """Yield the problems of a route; of two with one status, the first says more."""
    yield from route.refusals
    if route.body is not None:
        yield from _WITH_BODY
    if route.scope is not None:
        yield from _WITH_KEY
        yield from _WITH_QUERY
    yield from _ANY
