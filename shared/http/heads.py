"""What stands in the head of every answer: no software's name, and where an account with a limit stands."""

from aiohttp import web
from aiohttp.web_request import BaseRequest

from shared.http.authentication import STANDING


def complete_head(request: BaseRequest, response: web.StreamResponse) -> None:
    """Add what every answer has in its head, which must not have been sent yet."""
    # Nobody is told which versions run here.
    response.headers["Server"] = "bugalou"
    standing = request.get(STANDING)
    if standing is not None:
        # draft-ietf-httpapi-ratelimit-headers
        limit = standing.limit
        response.headers["RateLimit-Policy"] = f'"default";q={limit.burst};w={limit.window_seconds}'
        response.headers["RateLimit"] = f'"default";r={standing.remaining};t={standing.reset_seconds}'
