"""Whose request it is: the API key in its headers, found in memory, and what it may do."""

from typing import Final, Protocol

from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION
from multidict import istr

from shared.errors import Unavailable
from shared.http.clients import client_address
from shared.http.problems import Problem
from shared.http.routes import ROUTE
from shared.http.wrong_keys import WrongKeys
from shared.keys import ApiKey
from shared.rate_limits import RateLimits, Standing

WRONG = "Invalid or expired API key"
_API_KEY: Final = istr("X-API-Key")
STANDING = web.RequestKey("standing", Standing)
WRONG_KEYS = web.AppKey("wrong_keys", WrongKeys)
"""Counts the guesses of an application's clients."""


class FindsKeys(Protocol):
    """Knows the API keys."""

    @property
    def rate_limits(self) -> RateLimits:
        """The limits of accounts."""
        ...

    @property
    def is_loaded(self) -> bool:
        """Whether it can tell an unknown key from one not seen yet."""
        ...

    def now(self) -> int:
        """Return the time by which keys expire, in microseconds since 1970."""
        ...

    def find(self, key: str) -> ApiKey | None:
        """Return a known key by its text."""
        ...


def authenticate(request: web.Request, keys: FindsKeys) -> ApiKey:
    """Return the key that a request carries, or raise 401 (no such key), 403 (not usable, or not for this) or 429.

    What the key must be allowed is the scope of the request's route.
    """
    scope = request[ROUTE].scope
    if scope is None:
        raise RuntimeError(f"a route without a scope asks for a key: {request[ROUTE].path}")
    presented = _presented(request)
    if not keys.is_loaded:
        raise Unavailable("the API keys are not loaded yet")
    key = keys.find(presented) if presented is not None else None
    if key is None:
        raise _refusal(request, is_guess=presented is not None)
    if not key.is_usable(keys.now()):
        raise Problem(403, "expired_api_key", WRONG)
    standing = keys.rate_limits.admit(key.account)
    if standing is not None:
        request[STANDING] = standing
        if standing.retry_after_seconds is not None:
            seconds = str(standing.retry_after_seconds)
            sentence = "This account has sent more requests than its limit allows: slow down"
            raise Problem(429, "rate_limited", sentence, headers={"Retry-After": seconds})
    if not key.allows(scope):
        raise Problem(403, "missing_scope", f"This API key lacks the scope {scope}")
    return key


def _refusal(request: web.Request, *, is_guess: bool) -> Problem:
    """Return the problem of a request without a known key; a guess too many is told to wait."""
    seconds = request.app[WRONG_KEYS].count(client_address(request)) if is_guess else None
    if seconds is not None:
        sentence = "This address has sent too many wrong API keys: check the key, and try again later"
        return Problem(429, "too_many_wrong_keys", sentence, headers={"Retry-After": str(seconds)})
    return Problem(401, "invalid_api_key", WRONG, headers={"WWW-Authenticate": 'Bearer realm="bugalou"'})


def allow_platform(key: ApiKey, platform: str) -> None:
    """Raise 403 where a key is for other platforms only."""
    if key.platforms is not None and platform not in key.platforms:
        raise Problem(403, "platform_not_allowed", "This API key is not for orders of this platform")


def _presented(request: web.Request) -> str | None:
    """Return the one key that a request presents; None for none, or for two that differ."""
    keys = request.headers.getall(_API_KEY, ())
    credentials_given = request.headers.getall(AUTHORIZATION, ())
    if len(keys) == 1 and not credentials_given:
        return keys[0].strip()
    presented = {value.strip() for value in keys}
    for value in credentials_given:
        scheme, _, credentials = value.strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        presented.add(credentials.strip())
    return presented.pop() if len(presented) == 1 else None
