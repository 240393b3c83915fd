"""What a request asks for besides its body: Idempotency-Key, Prefer: wait (RFC 7240), and flags of its query."""

import re
from typing import Final

from aiohttp import web
from multidict import istr

from shared.http.problems import Problem

MOST_WAIT_SECONDS: Final = 30
_LONGEST_KEY: Final = 255
_IDEMPOTENCY_KEY: Final = istr("Idempotency-Key")
_PREFER: Final = istr("Prefer")
_QUOTED: Final = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_WAIT: Final = re.compile(r'wait\s*=\s*"?([0-9]{1,99})"?', re.IGNORECASE | re.ASCII)


def idempotency_key(request: web.Request) -> str | None:
    """Return the Idempotency-Key of a request, sent as a quoted string (as the draft standard asks) or bare."""
    values = request.headers.getall(_IDEMPOTENCY_KEY, ())
    if not values:
        return None
    value = values[0].strip()
    quoted = _QUOTED.fullmatch(value)
    if quoted is not None:
        key = re.sub(r"\\(.)", r"\1", quoted[1])
    else:
        key = value if _BARE.fullmatch(value) and not value.startswith('"') else ""
    if len(values) > 1 or not 0 < len(key) <= _LONGEST_KEY:
        raise Problem(
            400,
            "invalid_idempotency_key",
            f"Send one Idempotency-Key of 1 to {_LONGEST_KEY} printable ASCII characters, such as a UUID",
        )
    return key


def wait_seconds(request: web.Request) -> int | None:
    """Return how long the client is ready to wait for the order to be stored; what else it prefers is ignored."""
    for value in request.headers.getall(_PREFER, ()):
        for preference in value.split(","):
            found = _WAIT.fullmatch(preference.split(";")[0].strip())
            if found is not None:
                return min(int(found[1]), MOST_WAIT_SECONDS)
    return None


def flag(request: web.Request, name: str) -> bool:
    """Return a parameter of the query that is true or false, false where it is absent."""
    if not request.query_string:
        return False
    values = request.query.getall(name, ["false"])
    if len(values) > 1 or values[0] not in ("true", "false"):
        raise Problem(422, "invalid_parameter", f"The parameter {name} is true or false")
    return values[0] == "true"
