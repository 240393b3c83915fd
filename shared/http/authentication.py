"""Whose request it is: the API key in its headers, found in memory, and what it may do."""

import time
from typing import Protocol

from aiohttp import web

from shared.errors import Unavailable
from shared.http.problems import Problem
from shared.keys import ApiKey, Scope

WRONG = "Invalid or expired API key"


class FindsKeys(Protocol):
    """Knows the API keys."""

    @property
    def is_loaded(self) -> bool:
        """Whether it can tell an unknown key from one not seen yet."""
        ...

    def find(self, key: str) -> ApiKey | None:
        """Return a known key by its text."""
        ...


def authenticate(request: web.Request, keys: FindsKeys, scope: Scope) -> ApiKey:
    """Return the key that a request carries, or raise 401 (no such key) or 403 (not usable, or not for this)."""
    presented = _presented(request)
    if not keys.is_loaded:
        raise Unavailable("the API keys are not loaded yet")
    key = keys.find(presented) if presented is not None else None
    if key is None:
        raise Problem(401, "invalid_api_key", WRONG, headers={"WWW-Authenticate": 'Bearer realm="bugalou"'})
    if not key.is_usable(time.time_ns() // 1000):
        raise Problem(403, "expired_api_key", WRONG)
    if not key.allows(scope):
        raise Problem(403, "missing_scope", f"This API key lacks the scope {scope}")
    return key


def allow_platform(key: ApiKey, platform: str) -> None:
    """Raise 403 where a key is for other platforms only."""
    if key.platforms is not None and platform not in key.platforms:
        raise Problem(403, "platform_not_allowed", "This API key is not for orders of this platform")


def _presented(request: web.Request) -> str | None:
    """Return the one key that a request presents; None for none, or for two that differ."""
    presented = {value.strip() for value in request.headers.getall("X-API-Key", ())}
    for value in request.headers.getall("Authorization", ()):
        scheme, _, credentials = value.strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        presented.add(credentials.strip())
    return presented.pop() if len(presented) == 1 else None
