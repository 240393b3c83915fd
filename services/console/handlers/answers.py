"""What the console's handlers share: answers as JSON, lists, and what stands in a path."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Raw

from services.console.orders import Shown
from shared.errors import UNREADABLE, Fault
from shared.http.authentication import allow_platform
from shared.http.bodies import read_body
from shared.http.problems import Problem
from shared.keys import ApiKey
from shared.orders.contact import email_fault
from shared.orders.identity import LONGEST_ORDER_NUMBER, LONGEST_PLATFORM, Identity
from shared.orders.normalise import pointer_token
from shared.orders.text import identifier_fault, text_fault

NOT_STORED = {"Cache-Control": "no-store"}
_MOST_IGNORED_BYTES: Final = 16 * 1024
_MOST_REPORTED: Final = 20


def answer(document: Mapping[str, Any], status: int = 200) -> web.Response:
    """Answer with a JSON document."""
    body = msgspec.json.encode(document)
    return web.Response(body=body, status=status, headers=NOT_STORED, content_type="application/json")


def answer_list(page: tuple[list[Shown], str | None]) -> web.Response:
    """Answer with a page of a list."""
    data, next_cursor = page
    return answer({"data": data, "nextCursor": next_cursor})


def no_content() -> web.Response:
    """Answer that it is done, and that there is nothing to say."""
    return web.Response(status=204, headers=NOT_STORED)


def order_in_path(request: web.Request, key: ApiKey) -> Identity:
    """Return the order that a path names, or raise 403 for a platform off the key's list and 404 for no name at all."""
    platform, number = request.match_info["platform"], request.match_info["orderNumber"]
    allow_platform(key, platform)
    if not (_is_name(platform, LONGEST_PLATFORM) and _is_name(number, LONGEST_ORDER_NUMBER)):
        raise order_not_found()
    return Identity(key.account, key.live, platform, number)


def _is_name(text: str, most: int) -> bool:
    """Tell whether any order could have this name; the bytes of a path need not even be valid UTF-8."""
    return could_be_stored(text) and len(text) <= most and identifier_fault(text) is None


def customer_in_path(request: web.Request, key: ApiKey) -> str:
    """Return the address of the customer that a path names; 403 for a key of some platforms, 422 for no address."""
    refuse_key_of_some_platforms(key)
    email = request.match_info["email"]
    fault = text_fault(email) or email_fault(email)
    if fault is not None:
        raise Problem(
            422, "invalid_parameter", "The address of the customer is wrong", faults=(Fault("/email", fault),)
        )
    return email


def refuse_key_of_some_platforms(key: ApiKey) -> None:
    """Raise 403 for a key that is for some platforms only, where a whole account is concerned."""
    if key.platforms is not None:
        sentence = "This API key is for some platforms only: what concerns all orders takes one that is for all"
        raise Problem(403, "platform_not_allowed", sentence)


def id_in_path(request: web.Request, otherwise: Callable[[], Problem]) -> UUID:
    """Return the id that a path names, or raise the problem that is told `otherwise`: nothing has such an id."""
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise otherwise() from None


async def refuse_body(request: web.Request, sentence: str, *, seconds: float) -> None:
    """Raise 422, with a sentence that says how it is meant, for a body that says anything where none is read."""
    body = await read_body(request, most_bytes=_MOST_IGNORED_BYTES, seconds=seconds)
    if not body.strip():
        return
    try:
        members = msgspec.json.decode(body, type=dict[str, Raw])
    except UNREADABLE:
        raise Problem(422, "body_not_taken", sentence) from None
    if members:
        names = sorted(members)[:_MOST_REPORTED]
        faults = tuple(Fault(f"/{pointer_token(name)}", "is not read here") for name in names)
        raise Problem(422, "body_not_taken", sentence, faults=faults)


def could_be_stored(text: str) -> bool:
    """Tell whether Postgres could hold a text; the bytes of a path need not be valid UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def order_not_found() -> Problem:
    """Return the problem of an order that does not exist."""
    return Problem(404, "order_not_found", "There is no order of this platform and number")
